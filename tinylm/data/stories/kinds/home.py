"""Stories of everyday life: a rainy day, a snowman, a messy room."""

from tinylm.data.stories.engine import Draw
from tinylm.data.stories.kinds.kind import Kind
from tinylm.data.stories.nature import add_weather
from tinylm.data.stories.people import Words, add_children, add_family, add_neighbor, add_parent
from tinylm.data.stories.things import INDOOR_SPOTS, PRETEND, add_activity, add_toy, filled

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
    {h} closed {h.his} eyes and thought. When {h.he} opened them, {h.he} saw {x.of}. "We can make {x}!" {h.he} said.
    "What would a [pirate|king|queen] do on a day like this?" asked {g}. {h} and {f} looked at each other. Then they
        both looked at {x.of}.
build:
    They [took|got] {x.of} and built {x}. {h} was the captain, and {f} was [the helper|in charge of the food].
    With {x.of}, they made {x}. It took [an hour|the whole morning], and {g} [lent them a pot for a hat|brought them a
        flag].
    In no time, {x.of} turned into {x}. "[All aboard|Ready]?" asked {h}. "[Aye, aye|Ready]!" said {f}.
    They pushed and pulled, and {g} helped them. When they were done, {x.of} had become {x}.
sail:
    Off they went, [over|across] {x.sea}. {f} [held up a paper tube and looked far away|steered with a spoon].
    They crossed {x.sea}. The rain on the roof [was|sounded like] [the wind|a drum], and the cat was [a tiger|a lion].
    They traveled for [a hundred days|seven years], all before lunch. Nothing could stop them on their way across
        {x.sea}.
    "Where are we going?" asked {f}. "To {x.sea}!" said {h}. They packed bread and apples and went on their way.
danger:
    Suddenly {x.danger}! "[What do we do?|Oh no!]" cried {f}. But {h} knew. They {x.escape}.
    "Look out!" [shouted|cried] {f}. {x.danger}! Quickly, they {x.escape}.
    Then {x.danger}! {h} and {f} [held hands|were not afraid]. They {x.escape}, and they were saved.
    Everything was quiet. Too quiet. {^x.danger}! {h} and {f} did not lose a moment. They {x.escape}.
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
    It was so quiet that {h} woke up. No cars, no birds, nothing. {^h.he} ran to the window. Snow!
out:
    {h} put on {h.his} boots, {h.his} coat, and {h.his} [woolly|red] hat, and ran to get {f}. "Let us build a
        snowman!" {h.he} said.
    {f} was already [outside|at the door], with a red nose. "Hurry up!" {f.he} called. "We have to build a snowman
        before it melts."
    {h} and {f} met [in the garden|in front of the house]. Their boots [made deep holes in the snow|went crunch,
        crunch, crunch]. "Let us make a [giant|big] snowman," said {f}.
    {f} rang the bell before breakfast. "Did you see it?" {f.he} asked. "We need a snowman!" {h} was ready in [no
        time|one minute].
roll:
    They rolled one big ball, one middle ball, and one small ball. [It was hard work.|The big one was so heavy that
        {g} had to help them.]
    They pushed and rolled until the ball was as high as {f}'s [chin|belly]. Then they put a smaller one on top, and
        then the head.
    First the head fell off. Then it fell off again. They laughed and tried once more, and the third time it stayed.
    "You make the belly, and I make the head," said {h}. The belly got so big that they had to push it with their
        backs.
face:
    {h} found two [black stones|buttons] for the eyes. {f} broke a [stick|branch] in two for the arms.
    They used [nuts|stones] for the mouth and gave him [an old broom|a wooden spoon] to hold. He looked almost alive.
    {f} drew a big smile. {h} put [pine cones|buttons] on his belly, one under the other.
    {f} gave him two bottle caps for eyes and a row of buttons. {h} gave him ears, because every snowman should be
        able to hear.
missing:
    But something was missing. The snowman had no [nose|hat]! "[He cannot stay like that|He looks so cold]," said {f}.
    "He needs a nose," said {h}. They looked [in the kitchen|at home], but there [were no carrots left|was not a
        single carrot].
    "He still needs a hat and a scarf," said {f}. "But we need our own, or we will [freeze|be cold]."
    {f} stepped back and looked at him. "Something is wrong," {f.he} said. "He needs a hat, and he needs a nose."
neighbor:
    Next door lived {n}. {^n.he} lived alone and did not [go out|talk] much. {h} was a little afraid of {n.him}. But
        {h.he} knocked at the door.
    They saw {n} at {n.his} window, all alone. "Let us ask {n.him}," said {h}. They went over and [knocked|rang the
        bell].
    "{n} might help us," {h} said. "[But {n.he} never smiles|{^n.he} is always so quiet]," said {f}. They went and
        knocked [anyway|all the same].
    There was only one house on the street that had a light on. It was the house of {n}, who never talked to anyone.
        {h} took {f} by the hand, and they went there.
gives:
    {n} opened the door and [looked at them for a long time|listened]. Then {n.he} went inside and came back with a
        long carrot, a scarf, and an old black hat. "I have not built a snowman in [forty|fifty] years," {n.he} said.
    "For a snowman?" asked {n}. {^n.his} face [changed|lit up]. {^n.he} brought a carrot and {n.his} own [hat|scarf].
        "May I come with you?" {n.he} asked.
    {n} smiled for the first time that winter. "Wait a moment," {n.he} said, and {n.he} came out in {n.his} coat, with
        a carrot in one hand and a hat in the other.
    "Come in, come in," said {n}. {^n.he} looked in the kitchen and in the closet, and {n.he} found a carrot and a
        fine old hat. "I would like to see him," said {n}, and {n.he} put on {n.his} boots.
party:
    Now the snowman was [perfect|ready]. {n} made hot chocolate for [everyone|all of them], and they [drank it in the
        snow|sang songs until it got dark].
    Together they finished the snowman. Then {n} [threw|made] a snowball, and soon all three of them were having a
        snowball fight.
    {n} put the nose in its place. "He looks like [my brother|me]," {n.he} said, and they all laughed.
    {n} put the hat on the snowman, and it fit. "[Good morning, sir!|How do you do?]" {n} said to him, and {h} and {f}
        laughed and laughed.
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
    Every evening, {h} pushed all {h.his} things under the bed. One day, nothing more would fit under it.
told:
    "[Please|It is time to] clean up your room," said {g}.
    {g} [stood in the door|looked in] and shook {g.his} head. "Can you find anything in here?" {g.he} asked.
    {g} stepped on a [block|toy] and hopped around on one foot. "Ouch! {h}, [please clean up|this has to stop]!"
        {g.he} said.
    "When did you last see your floor?" asked {g}. {h} tried to remember, but {h.he} could not.
later:
    "Later," said {h}, and [went on playing|turned around]. But later never came.
    "Tomorrow," said {h}. The next day, {h.he} said it again.
    "I like it like this," said {h}. "I know where everything is."
    {h} picked up one sock. Then {h.he} found an old book under it and began to read, and the sock was forgotten.
call:
    Then {h.his} friend {f} [came|was at the door]. "Come outside!" {f.he} said. "And bring your {o.long}. We want to
        {o.do}!"
    One {w} day, {h.his} friend {f} called from the street. "[Let us play|Come down]! Do you have your {o}?"
    <one_day> {h} and {h.his} friend {f} wanted to play with the {o}. "I will get it," said {h}. "I will be right
        back."
    On Saturday, {h} was going to visit {h.his} friend {f}. They wanted to play with {h}'s {o.long}.
search:
    {h} looked {spot}, {spot2}, and {spot3}. The {o} was nowhere! {f} waited and waited.
    But where was the {o}? {h} [threw everything in the air|dug like a dog]. The mess got [bigger|even worse], but
        there was no {o}.
    {h} searched for an hour. {^h.he} found [an old apple|a lost sock|three buttons], but {h.he} did not find the {o}.
    {h} looked {spot}. {^h.he} looked {spot2}. Things fell on {h.his} head, but the {o} was not there.
start:
    {h} sat down on the [floor|pile] and [sighed|cried]. "Maybe {g} was right," {h.he} thought, and {h.he} began to
        clean up.
    "There is only one way," said {g}. "We begin in this corner, and we do not stop until we get to the door."
    "I will help you," said {f}. "You put the books on the shelf, and I will pick up the blocks."
    "I will never find it like this," {h} said. So {h.he} took a box and picked up the first thing, and then the next.
tidy:
    One by one, everything went to its place: the books on the shelf, the blocks in the box, the [socks|clothes] in
        the drawer.
    They made a game out of it and counted every [block|toy]. [Thirty|Fifty|Sixty], and they were still not done!
    It was [slow|hard] at first. Then {h} [began to sing|turned on some music], and it went faster and faster.
    {f} held the bag, and {h} threw in everything that was broken. After an hour, they could see the floor again. It
        was blue! {h} had forgotten that.
found:
    And there, {o.indoors}, was the {o.long}! {h} [held it up|kissed it]. "So that is where you were," {h.he} said.
    "I have it!" cried {h}. The {o} was {o.indoors}, where it must have been the whole time.
    When the room was almost clean, {f} looked {o.indoors}. "[Look what I found!|Is this it?]" {f.he} called. It was
        the {o.long}!
    {h} picked up the last thing and looked {o.indoors}. There was the {o.long}, as if it had been waiting for
        {h.him}.
end:
    Now there was room to [dance|play] on the floor. {h} [was surprised how nice it looked|liked it very much].
    From then on, {h} cleaned up every [evening|Saturday]. Well, almost every one.
    {h} learned that it is easier to find things when they have a place.
    That [afternoon|day], {h} and {f} played with the {o} until dark. And then {h} put it back [on the shelf|in its
        place].
"""


KINDS = (
    Kind("rain", cast_rain, RAIN),
    Kind("snow", cast_snow, SNOW),
    Kind("tidy", cast_tidy, TIDY),
)
