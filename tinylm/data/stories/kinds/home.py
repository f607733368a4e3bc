"""Stories of everyday life: a rainy day, a snowman, a messy room, a sick friend, a new baby."""

from tinylm.data.stories.engine import Draw
from tinylm.data.stories.kinds.kind import Kind
from tinylm.data.stories.nature import add_weather
from tinylm.data.stories.people import Words, add_child, add_children, add_family, add_neighbor, add_parent
from tinylm.data.stories.things import INDOOR_SPOTS, PRETEND, SICK_GIFTS, add_activity, add_toy, filled

__all__ = ["KINDS"]


def cast_rain(draw: Draw) -> Words:
    """Two children, rain, and what they turn the room into."""
    words: Words = {}
    add_children(words, draw, "h", "f")
    add_family(words, draw)
    add_activity(words, draw)
    if draw.below(2):
        words["?met"] = ""
    ship, of, sea, danger, escape = filled(draw.pick(PRETEND), words)
    words.update(
        {"x": ship, "x.noun": ship.removeprefix("a "), "x.of": of, "x.sea": sea, "x.danger": danger, "x.escape": escape}
    )
    return words


RAIN = """
story:
    <hello> <rain> // <bored> <idea> // <build> <sail> // <danger> // <stop> <end>
    <rain> <bored> // <idea> <build> // <sail> <danger> // <stop> <end>
    <hello> <rain> <bored> // <idea> // <build> <sail> <danger> // <stop> // <end>
rain:
    ?!met: It had been raining [all day|since breakfast|for three days]. The drops [ran down|drummed on] the window.
    ?!met: [Drip, drop, drip, drop!|Plip, plop, plip, plop!] {h} [sat at the window|pressed {h.his} nose against the
        window] and looked at the rain.
    ?met: {h} and {h.his} friend {f} wanted to [go to the park|play outside|have a picnic], but it rained and rained.
    ?met: {h} and {h.his} friend {f} sat [at the window|on the stairs] and looked at the rain. [It did not stop.|It
        had been raining since breakfast.]
    ?!met: When {h} woke up, the sky was gray and the street was full of puddles. It was raining hard.
bored:
    ?met: "There is nothing to do," [said|sighed] {h}. {f} [lay on the rug and looked at the lamp|sighed too].
    ?met: They had [read all the books|played every game] twice. "Now what?" asked {f}. "[I do not know|I have no
        idea]," said {h}.
    ?met: "I am so bored," said {f}. "[So am I|Me too]," said {h}. "It has spoiled the whole day."
    ?!met: "There is nothing to do," [said|sighed] {h}. {f}, who had come to visit, [sighed too|lay on the rug and
        looked at the lamp].
    ?!met: "I am so bored," said {f}. {^f.he} had come to {h}'s house to play, but [nobody knew|they did not know]
        what to play.
    ?!met: {h} and {h.his} friend {f} had [read all the books|played every game] twice. "Now what?" asked {f}.
    ?!met: "Stupid rain!" said {f}, {h}'s friend from [next door|across the street]. "It has spoiled the whole day."
idea:
    {g} came in with [a basket of laundry|a big box|some apples]. "A rainy day is the best day for an adventure,"
        {g.he} said. "All you need is {x.of}."
    Then {h} saw {x.of}. "I know!" {h.he} [cried|said]. "Let us make {x}!"
    "Look at the floor," {h} said slowly. "It is not a floor at all. It is {x.sea}!" {f} [sat up|opened {f.his} eyes
        wide].
build:
    They [took|got] {x.of} and built {x}. {h} was the captain, and {f} was [the helper|in charge of the food].
    With {x.of}, they made {x}. It took [an hour|the whole morning], and {g} [lent them a pot for a hat|brought them a
        flag].
    In no time, {x.of} turned into {x}. "[All aboard|Ready]?" asked {h}. "[Aye, aye|Ready]!" said {f}.
sail:
    Off they went, [over|across] {x.sea}. {f} [held up a paper tube and looked far away|steered with a spoon].
    They crossed {x.sea}. The rain on the roof [was|sounded like] [the wind|a drum], and the cat was [a tiger|a lion].
    They traveled for [a hundred days|seven years], all before lunch. Around them was {x.sea}.
danger:
    Suddenly {x.danger}! "[What do we do|Oh no]?" cried {f}. But {h} knew. They {x.escape}.
    "Look out!" [shouted|cried] {f}. {x.danger}! Quickly, they {x.escape}.
    Then {x.danger}! {h} and {f} [held hands|were not afraid]. They {x.escape}, and they were saved.
stop:
    When they [came home from their trip|looked out of the window], the rain had stopped. "[Already|Oh no]!" said {h}.
        "[We are not done yet|I hope that it rains tomorrow]."
    "The sun is out," called {g}. "[Do you not want to|You can] go outside now." {h} and {f} [looked at each
        other|shook their heads]. "Not now," they said. "We are busy!"
    In the evening, the sun came out and there was a rainbow. But {h} and {f} [did not even see it|were still
        playing].
    {g} brought [hot chocolate|warm milk and cookies] for the [tired|brave] travelers. They drank it inside the
        {x.noun}.
end:
    <friends_end>
    They never said a bad word about the rain again.
    "[This was the best|I love a] rainy day," said {f}. And {h} thought so too.
    Since then, {h} looks forward to rainy days.
"""


def cast_snow(draw: Draw) -> Words:
    """A child, a snowman, and a neighbor who is alone."""
    words: Words = {}
    add_children(words, draw, "h", "f")
    add_parent(words, draw)
    add_neighbor(words, draw)
    add_activity(words, draw)
    return words


SNOW = """
story:
    <hello> <snow> // <out> <roll> // <face> <missing> // <neighbor> <gives> // <party> <end>
    <snow> <out> // <roll> <face> // <missing> <neighbor> // <gives> <party> // <end>
    <hello_two> <snow> // <out> <roll> <face> // <missing> // <neighbor> <gives> // <party> <end>
snow:
    One morning, {h} woke up and everything was [white|quiet]. It had snowed all night!
    "[Wake up|Look outside], {h}!" called {g}. The whole [garden|street] was white with snow.
    Big white flakes were falling from the sky. {h} caught one on {h.his} [tongue|nose]. It was the first snow of the
        year.
out:
    {h} put on {h.his} boots, {h.his} coat, and {h.his} [woolly|red] hat, and ran to get {f}. "Let us build a
        snowman!" {h.he} said.
    {f} was already [outside|at the door], with a red nose. "Hurry up!" {f.he} called. "We have to build a snowman
        before it melts."
    {h} and {f} met [in the garden|in front of the house]. Their boots [made deep holes in the snow|went crunch,
        crunch, crunch]. "Let us make a [giant|big] snowman," said {f}.
roll:
    They rolled one big ball, one middle ball, and one small ball. [It was hard work.|The big one was so heavy that
        {g} had to help them.]
    They pushed and rolled until the ball was as high as {f}'s [chin|belly]. Then they put a smaller one on top, and
        then the head.
    First the head fell off. Then it fell off again. They laughed and tried once more, and the third time it stayed.
face:
    {h} found two [black stones|buttons] for the eyes. {f} broke a [stick|branch] in two for the arms.
    They used [nuts|stones] for the mouth and gave him [an old broom|a wooden spoon] to hold. He looked almost alive.
    {f} drew a big smile. {h} put [pine cones|buttons] on his belly, one under the other.
missing:
    But something was missing. The snowman had no [nose|hat]! "[He cannot stay like that|He looks so cold]," said {f}.
    "He needs a nose," said {h}. They looked [in the kitchen|at home], but there [were no carrots left|was not a
        single carrot].
    "He still needs a hat and a scarf," said {f}. "But we need our own, or we will [freeze|be cold]."
neighbor:
    Next door lived {n}. {^n.he} lived alone and did not [go out|talk] much. {h} was a little afraid of {n.him}. But
        {h.he} knocked at the door.
    They saw {n} at {n.his} window, all alone. "Let us ask {n.him}," said {h}. They went over and [knocked|rang the
        bell].
    "{n} might help us," {h} said. "[But {n.he} never smiles|{^n.he} is always so quiet]," said {f}. They went and
        knocked [anyway|all the same].
gives:
    {n} opened the door and [looked at them for a long time|listened]. Then {n.he} went inside and came back with a
        long carrot, a scarf, and an old black hat. "I have not built a snowman in [forty|fifty] years," {n.he} said.
    "For a snowman?" asked {n}. {^n.his} face [changed|lit up]. {^n.he} brought a carrot and {n.his} own [hat|scarf].
        "May I come with you?" {n.he} asked.
    {n} smiled for the first time that winter. "Wait a moment," {n.he} said, and {n.he} came out in {n.his} coat, with
        a carrot in one hand and a hat in the other.
party:
    Now the snowman was [perfect|ready]. {n} made hot chocolate for [everyone|all of them], and they [drank it in the
        snow|sang songs until it got dark].
    Together they finished the snowman. Then {n} [threw|made] a snowball, and soon all three of them were having a
        snowball fight.
    {n} put the nose in its place. "He looks like [my brother|me]," {n.he} said, and they all laughed.
end:
    The snowman melted in [March|spring]. But {n} and the two {both} stayed friends.
    After that, {h} and {f} visited {n} every [Sunday|week]. {^n.he} was not alone anymore.
    "I thought {n} was [angry|unfriendly]," {h} told {g}. "But {n.he} was only lonely."
    That day, {h} made two new friends, and one of them was made of snow.
"""


def cast_tidy(draw: Draw) -> Words:
    """A child whose room is a mess, and a toy that is lost in it."""
    words: Words = {}
    add_children(words, draw, "h", "f")
    add_parent(words, draw)
    add_activity(words, draw)
    add_toy(words, draw)
    add_weather(words, draw)
    one, two, three = draw.several([spot for spot in INDOOR_SPOTS if spot != words["o.indoors"]], 3)
    words.update({"spot": one, "spot2": two, "spot3": three})
    return words


TIDY = """
story:
    <hello> <mess> // <told> <later> // <call> <search> // <start> <tidy> // <found> <end>
    <hello> <likes> <mess> // <told> <later> <call> // <search> <start> // <tidy> <found> // <end>
    <mess> <told> // <later> <call> <search> // <start> <tidy> // <found> <end>
mess:
    {h}'s room was a mess. There were [socks|books|blocks] {spot}, [crayons|puzzle pieces|papers] {spot2}, and half a
        [sandwich|cookie] {spot3}.
    In {h}'s room, you could not see the floor. Everything lay in one [big|giant] pile.
    {h} never put anything away. When {h.he} was done with a toy, {h.he} dropped it and took [another|the next] one.
told:
    "[Please|It is time to] clean up your room," said {g}.
    {g} [stood in the door|looked in] and shook {g.his} head. "Can you find anything in here?" {g.he} asked.
    {g} stepped on a [block|toy] and hopped around on one foot. "Ouch! {h}, [please clean up|this has to stop]!"
        {g.he} said.
later:
    "Later," said {h}, and [went on playing|turned around]. But later never came.
    "Tomorrow," said {h}. The next day, {h.he} said it again.
    "I like it like this," said {h}. "I know where everything is."
call:
    Then {h.his} friend {f} [came|was at the door]. "Come outside!" {f.he} said. "And bring your {o.long}. We want to
        {o.do}!"
    One {w} day, {h.his} friend {f} called from the street. "[Let us play|Come down]! Do you have your {o}?"
    <one_day> {h} and {h.his} friend {f} wanted to play with the {o}. "I will get it," said {h}. "I will be right
        back."
search:
    {h} looked {spot}, {spot2}, and {spot3}. The {o} was nowhere! {f} waited and waited.
    But where was the {o}? {h} [threw everything in the air|dug like a dog]. The mess got [bigger|even worse], but
        there was no {o}.
    {h} searched for an hour. {^h.he} found [an old apple|a lost sock|three buttons], but {h.he} did not find the {o}.
start:
    {h} sat down on the [floor|pile] and [sighed|cried]. "Maybe {g} was right," {h.he} thought, and {h.he} began to
        clean up.
    "There is only one way," said {g}. "We begin in this corner, and we do not stop until we get to the door."
    "I will help you," said {f}. "You put the books on the shelf, and I will pick up the blocks."
tidy:
    One by one, everything went to its place: the books on the shelf, the blocks in the box, the [socks|clothes] in
        the drawer.
    They made a game out of it and counted every [thing|toy]. [Thirty|Fifty|Sixty], and they were still not done!
    It was [slow|hard] at first. Then {h} [began to sing|turned on some music], and it went faster and faster.
found:
    And there, {o.indoors}, was the {o.long}! {h} [held it up|kissed it]. "So that is where you were," {h.he} said.
    "I have it!" cried {h}. The {o} was {o.indoors}, where it must have been the whole time.
    When the room was almost clean, {f} looked {o.indoors}. "[Look what I found!|Is this it?]" {f.he} called. It was
        the {o.long}!
end:
    Now there was room to [dance|play] on the floor. {h} [was surprised how nice it looked|liked it very much].
    From then on, {h} cleaned up every [evening|Saturday]. Well, almost every one.
    {h} learned that it is easier to find things when they have a place.
    That [afternoon|day], {h} and {f} played with the {o} until dark. And then {h} put it back [on the shelf|in its
        place].
"""


def cast_sick(draw: Draw) -> Words:
    """A friend who is sick and what is brought to cheer them up."""
    words: Words = {}
    add_children(words, draw, "h", "f")
    add_family(words, draw)
    add_activity(words, draw)
    add_toy(words, draw)
    add_weather(words, draw)
    gift, adjective, use = filled(draw.pick(SICK_GIFTS), words)
    words.update({"x": gift, "x.long": f"{adjective} {gift}", "x.use": use})
    return words


SICK = """
story:
    <hello_two> // <empty> <news> // <idea> <gift> // <visit> <sick> <cheer> // <well> <end>
    <hello> <empty> // <news> <idea> // <gift> <visit> // <sick> <cheer> // <well> <end>
    <empty> <news> // <idea> <gift> // <visit> <sick> // <cheer> // <well> <end>
empty:
    <one_day> {h}'s friend {f} did not come to school. {^f.his} chair [was|stayed] empty [all day|all morning].
    <one_day> {h} waited for {h.his} friend {f} [at the corner|by the gate]. {^h.he} waited and waited, but {f} did
        not come.
    <one_day> {h} wanted to play with {h.his} friend {f}. But when {h.he} rang the bell, {f}'s mom came to the door
        alone.
news:
    "{f} is sick," said {f.his} mom. "{^f.he} [has a fever|has a cold|has red spots all over] and must stay in bed."
    {f} was sick. {^f.he} had a [fever|cold|sore throat] and could not [get up|go out] for a week.
    {h} heard that {f} was in bed with [a bad cold|a fever]. It was no fun without {f.him}.
idea:
    "[Poor {f}|How boring]!" thought {h}. "What can I do to [cheer {f.him} up|make {f.him} laugh]?"
    "When you were sick, what did you like best?" asked {g}. {h} thought about it. "[Not being alone|A surprise],"
        {h.he} said.
    {h} was sad. "You cannot make {f.him} well," said {g}. "But you can make {f.him} smile."
gift:
    {h} got to work right away and made a {x.long}, {x.use}.
    That afternoon, {h} sat at the table and made a {x.long}, {x.use}. {g} helped [a little|with the hard parts].
    {h} thought for a while. Then {h.he} made a {x.long}, {x.use}.
visit:
    {h} [carried|took] it to {f}'s house. {w.says}
    The next day, {h} went to see {f}. {^h.he} was not allowed to go into the room, so {h.he} [waved through the
        window|stood in the garden and called].
    {h} [knocked|tapped] softly on {f}'s window and held up the {x}.
sick:
    {f} lay in bed, [pale and tired|with a hot face]. {^f.he} [had cried a little|was bored].
    There was {f}, under three blankets. Only {f.his} [nose|eyes] could be seen.
    "I feel [awful|terrible]," said {f}. "And there is nobody to play with."
cheer:
    When {f} saw the {x}, {f.he} sat up. "Did you make that for me?" {f.he} asked, and {f.he} began to laugh.
    "This is for you," said {h}. {f} looked at the {x} and [smiled for the first time that week|forgot that {f.he} was
        sick].
    The {x} made {f} [giggle|laugh so much that the bed shook]. "My head does not hurt when I laugh," {f.he} said.
    {h} came back every day, and every day they [told each other jokes|made faces through the window|played a game
        with the {x}].
well:
    A few days later, {f} was well again. The first thing {f.he} did was [run to {h}'s house|ring {h}'s bell].
    [Soon|At last] the fever was gone. {f} [came out|ran out] into the sun, and {h} was there, waiting for {f.him}.
    The doctor came and smiled. "What kind of medicine did you take?" she asked. "{h}," said {f}.
end:
    <friends_end>
    A month later, {h} was sick. And guess who came with a {x}?
    {f} kept the {x} [for years|above {f.his} bed] and looked at it whenever {f.he} was sad.
    {h} learned that a smile is good medicine. <friends_end>
"""


def cast_baby(draw: Draw) -> Words:
    """A child and a new baby, brother or sister."""
    words: Words = {}
    add_child(words, draw)
    add_parent(words, draw)
    add_activity(words, draw)
    add_toy(words, draw)
    add_weather(words, draw)
    words["spot"] = draw.pick(("under the bed", "in the closet", "behind the curtain", "under the table"))
    sister = bool(draw.below(2))
    pronouns = ("sister", "she", "her", "her") if sister else ("brother", "he", "him", "his")
    words.update(zip(("b", "b.he", "b.him", "b.his"), pronouns, strict=True))
    return words


BABY = """
story:
    <hello> <likes> <arrives> // <jealous> <nobody> // <cries> <tries> // <works> // <end>
    <hello> <arrives> // <jealous> <nobody> // <talk> // <cries> <tries> <works> // <end>
    <arrives> <jealous> // <nobody> <talk> // <cries> <tries> // <works> <end>
arrives:
    There was a new baby in {h}'s house, a little {b}. {^b.he} was [tiny and pink|no bigger than a loaf of bread].
    <one_day> {h}'s mom and dad came home with a bundle in a [white|yellow] blanket. "This is your little {b}," they
        said.
    {h} had [always wanted|wished for] a little {b}. But when the baby came, {b.he} could not [play|talk] at all.
jealous:
    The baby slept, drank milk, and [cried|screamed]. Everyone [smiled at|talked about] {b.him} all the same.
    "[How sweet|What lovely little fingers]!" said all the visitors. Nobody looked at {h}.
    "When can {b.he} play with me?" {h} asked. "[Not yet|In a year or two]," said {g}. {h} thought that was [much too
        long|not fair].
nobody:
    "Look, I can {act.do}!" said {h}. "Shh," said {g}. "The baby is asleep."
    {h} had a new {o}. "Look, {g}!" {h.he} called. But {g} [was tired|had the baby in {g.his} arms] and did not look.
    At bedtime, there was no story, because the baby [was crying|had a bellyache]. {h} lay in the dark and felt
        [forgotten|lonely].
talk:
    {h} hid {spot}. {g} [found|looked for] {h.him} and sat down on the floor. "I have [enough love|room in my heart]
        for two," {g.he} said.
    "Do you love the baby more than me?" {h} asked. {g} took {h.him} on {g.his} lap. "Love is not a cake," {g.he}
        said. "It does not get smaller when you share it."
    {g} [showed|gave] {h} an old picture. "This is you," {g.he} said. "You cried even louder. And everyone [thought
        you were|said you were] wonderful."
cries:
    One evening, the baby cried and did not stop. Mom sang. Dad walked up and down. Nothing helped.
    Then [came a night when|one night] the baby cried and cried. Mom and Dad were so tired that they could [hardly
        stand|not think].
    In the middle of lunch, the baby began to scream. {g} tried [milk|a song|a blanket], but it only got worse.
tries:
    {h} had an idea. {^h.he} got {h.his} {o.long} and held it up in front of the baby.
    {h} leaned over the [bed|crib] and made a funny face. Then {h.he} made another one.
    {h} bent down and began to [hum|sing] the song that {g} used to sing for {h.him}.
    "May I try?" asked {h}. {^h.he} put one finger into the baby's tiny hand.
works:
    The baby [looked at {h.him}|opened {b.his} eyes wide] and was quiet. Then something happened that had never
        happened before: {b.he} smiled!
    All at once, it was quiet. The baby looked at {h} and [smiled|laughed], and {h} felt warm all over.
    The crying stopped. "How did you do that?" asked {g}. {h} [shrugged|beamed]. "{^b.he} likes me," {h.he} said.
end:
    "I am your big [?h_girl: sister|?h_boy: brother]," {h} whispered. "I will show you everything."
    From that day on, whenever the baby cried, everyone called for {h}.
    That night, {g} read a long story, with {h} on one side and the baby on the other.
    {h} [counted the days|could hardly wait] until the baby could walk. There was so much to show {b.him}!
"""

KINDS = (
    Kind("rain", cast_rain, RAIN),
    Kind("snow", cast_snow, SNOW),
    Kind("tidy", cast_tidy, TIDY),
    Kind("sick", cast_sick, SICK),
    Kind("baby", cast_baby, BABY),
)
