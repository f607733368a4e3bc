"""Stories of talking animals: the small one who helps the big one, the boaster, food for the winter, a fallen star."""

from tinylm.data.stories.engine import Draw
from tinylm.data.stories.kinds.kind import Kind
from tinylm.data.stories.people import FEMALE, MALE, Words, add_creatures, given_name
from tinylm.data.stories.things import TRAPS, WONDERS, filled

__all__ = ["KINDS"]

ANIMALS = """
hello:
    Once upon a time, there was a {h.adj} {h.child} named {h}. {^h.he} lived in {h.home}.
    Deep in the [forest|woods] lived a {h.adj} {h.child} [named|called] {h}.
    In {h.home} there lived a {h.adj} {h.child}. {^h.his} name was {h}.
    There was once a {h.adj} {h.child} called {h}, and {h.he} [loved|liked nothing better than] {h.food}.
    {h} was a {h.adj} {h.child}. {^h.his} house was {h.home}, and {h.his} favorite food was {h.food}.
    Long ago, when the animals could talk, there was a {h.child} named {h}.
meets:
    Nearby lived {f}, a {f.adj} {f.child}.
    In {f.home}, not far away, lived a {f.child} named {f}.
    {^h.his} neighbor was {f}, a {f.adj} {f.child} who liked {f.food}.
    Everyone knew {f}, the {f.adj} {f.child} who lived in {f.home}.
forest_day:
    One [spring|summer|autumn] [morning|day|evening],
    One day, when the [sun was shining|birds were singing|wind was warm],
    Early one morning, while the grass was still wet,
    On the [first|longest|last] day of summer,
moral_friends:
    From that day on, {h} and {f} [were good friends|were always seen together|shared everything].
    And [every evening|after that], {h} and {f} sat side by side and watched the [sun go down|stars|moon come up].
    Whenever one of them needed help, the other one [came|was there].
"""


def cast_small_help(draw: Draw) -> Words:
    """A small animal, a big one that thinks little of it, and a trap that only the small one can open."""
    words: Words = {}
    add_creatures(words, draw, ("mouse", "frog", "mole", "hedgehog", "squirrel"), ("bear", "fox", "deer", "badger"))
    trouble, freed = filled(draw.pick(TRAPS), words)
    words.update({"t": trouble, "t.freed": freed})
    return words


SMALL_HELP = """
story:
    <hello> <small> // <laugh> // <reply> <time> // <trouble> <call> // <come> <free> // <thanks> <end>
    <hello> <meets> // <laugh> <reply> // <time> <trouble> <call> // <come> <free> <thanks> // <end>
    <hello> <small> <meets> // <laugh> // <reply> <time> <trouble> // <come> <free> // <thanks> <end>
small:
    {h} was the smallest [of all the animals|in {h.his} family]. Even the [rain drops|leaves] looked big next to
        {h.him}.
    {h} was so small that {h.he} could [sleep in a shoe|hide behind a flower|sit in a cup].
    Being so small was not always easy. {h} had to [run|jump] twice as [far|often] as the others.
    "When will I be big?" {h} asked {h.his} mother every morning. "You are just the right size," she always said.
    When the animals played, nobody ever chose {h}, because {h.he} was so small.
laugh:
    <forest_day> {h} asked {f}, the {f.child}, if they could be friends. {f} [laughed|shook {f.his} head]. "You are
        too [small|little]," {f.he} said. "What [could|can] you do for me?"
    <forest_day> the big {f.child} {f} came [along|down the path]. "Get out of my way, little one!" {f.he}
        [said|called].
    <forest_day> {f} the {f.child} almost stepped on {h}. "[Oh, I did not see you|I thought you were a crumb]," {f.he}
        said and laughed.
    <forest_day> the animals met by the river. "I can help," said {h}. "You?" said {f}, the big {f.child}. "You could
        not even [carry a leaf|lift a nut]!"
reply:
    "I may be small," said {h}. "But one day I will help you." {f} [laughed even louder|walked away laughing].
    {h} was hurt, but {h.he} [only smiled|held up {h.his} head]. "Small can be [good|useful] too," {h.he}
        [said|answered].
    {h} did not answer. {^h.he} went home and felt [even smaller|as small as a seed].
    {h}'s face felt hot. "Wait and see," {h.he} said, and went away with {h.his} head held high.
time:
    [A week|A few days|Some time] later, there was a [loud cry|terrible noise] in the [forest|woods].
    Then came a [dark|stormy] night. {h} was just eating {h.food} when {h.he} heard [a cry|somebody call].
    Not long after that, {h} heard somebody [cry for help|call out in the dark].
    When the moon was full, {h} was on {h.his} way home. Suddenly somebody shouted, "Help!"
    That same night, the whole forest was asleep. Only {h} was awake, and {h.he} heard a cry.
trouble:
    It was {f}! {^f.he} {t}.
    {h} followed the sound and found {f}. The [poor|big] {f.child} {t}.
    {f} {t}. {^f.he} pulled and pushed, but [it did not help|it only got worse].
    There, in the moonlight, was {f}. {^f.he} {t}.
call:
    "[Help|Please help me]!" {f} [cried|called]. But the other big animals [did not know what to do|were too far
        away].
    The [bigger|strong] animals [tried to help|came running], but their paws were too big.
    "I will never get [out|free]," {f} [said|cried], and a tear ran down {f.his} nose.
    "Somebody help me!" {f} [shouted|cried]. [A crow|The owl] flew around {f.him} in circles, but it could not do
        anything.
come:
    "I can do it," said {h}. [Nobody laughed now.|Everyone looked down at {h.him}.]
    {h} [did not think twice|thought of {f}'s unkind words, but not for long]. "[Hold still|Do not worry], I am
        coming!" {h.he} [called|said].
    "Let me try," said a [small|thin] voice. It was {h}. "[For once|This time] it is good to be small."
    Then {f} saw {h}. "Oh, it is only you," {f.he} said sadly. "Yes, it is me," said {h}. "And I know what to do."
free:
    {^h.he} {t.freed}.
    It took [a long time|half the night], but {h} did not give up. {^h.he} {t.freed}.
    Quick as [the wind|lightning], {h} went to work. {^h.he} {t.freed}.
    {h} thought for a moment. Then {h.he} {t.freed}.
thanks:
    "Thank you," said {f}. "I was [wrong|foolish] to laugh. You are small, but your heart is [big|the biggest of
        all]."
    {f} was [free|safe]! {^f.he} [bowed|looked down] and said, "I am sorry that I laughed at you. You [saved me|have
        helped me more than anyone]."
    "You helped me, and I was so [mean|unkind] to you," said {f} [quietly|with a red face]. "Friends help each other,"
        said {h}.
    For a while, {f} could not speak. Then {f.he} said, "I thought that big means strong and small means weak. I know
        better now."
end:
    <moral_friends>
    Since then, nobody in the forest laughs at small animals. <moral_friends>
    So you see, even the smallest friend can be a [great|big] help.
    {f} carried {h} home on {f.his} back, and {h} [sang|laughed] all the way. <moral_friends>
"""


def cast_boast(draw: Draw) -> Words:
    """An animal that boasts of what it does well, and a modest one."""
    words: Words = {}
    fast = ("rabbit", "fox", "deer", "squirrel")
    add_creatures(words, draw, fast, ("turtle", "hedgehog", "mole", "duck", "frog"))
    return words


BOAST = """
story:
    <hello> <boasts> // <meets> <challenge> // <start> <rest> // <steady> // <finish> <wise> <end>
    <hello> <boasts> <meets> // <challenge> <start> // <rest> <steady> // <finish> <wise> // <end>
    <hello> <meets> // <boasts> <challenge> // <start> <rest> <steady> // <finish> // <wise> <end>
boasts:
    {h} could {h.skill}, and {h.he} told everybody about it, [again and again|ten times a day].
    "Nobody is as fast as I am!" {h} [said|told everyone] [every day|all the time].
    {h} was proud, [perhaps|maybe] a little too proud. "Look at me!" {h.he} always said. "I am the best!"
    When {h} walked by, everyone had to hear it. "Nobody can {h.skill} like me!" {h.he} [called|shouted].
challenge:
    <forest_day> the animals [planned|had] a race to the [big rock|old mill|river]. "I will win, of course," said {h}.
        "I will try too," said {f} quietly. [Everyone laughed.|{h} laughed so much that {h.he} fell over.]
    {h} met {f} on the path. "You are so slow," said {h}. "Shall we race to the [river|old bridge]?" asked {f}. {h}
        [could not believe {h.his} ears|laughed out loud].
    {f} [had heard enough|was tired of it]. "Let us run a race," {f.he} said. "Tomorrow, to the [big rock|tall pine
        tree|old mill]." {h} [laughed|grinned]. "That will be easy!"
    <forest_day> the [owl|crow] called all the animals together. "Let us see who is the first one at the old mill," it
        said. {h} laughed. But {f}, the {f.child}, only nodded.
start:
    [An owl|A crow] counted to three, and {h} shot away like an arrow. {f} [went|started] off slowly.
    "Ready, set, go!" called [the owl|the crow]. In a moment, {h} was out of sight, and {f} was [still near the
        start|far behind].
    They started side by side. But soon {h} was [far ahead|just a spot on the hill], and {f} [was all alone|saw only
        dust].
    The race began. {h} ran so fast that the leaves flew up behind {h.him}. {f} took one step, and then another.
rest:
    {h} looked back. Nobody was there. "I have time for a [nap|snack|rest]," {h.he} thought, and lay down [in the
        shade|under a tree].
    Halfway, {h} saw some {h.food}. {^h.he} stopped to eat, and then {h.he} felt [sleepy|tired]. {^h.his} eyes closed.
    On the way, {h} stopped to tell [a bird|some bees|a snail] how fast {h.he} was. {^h.he} talked and talked and
        forgot about the race.
    {h} was so far ahead that {h.he} got bored. {^h.he} lay down in the grass to [look at the clouds|count the
        clouds], and soon {h.he} was asleep.
steady:
    But {f} did not stop. Step by step, {f.he} went [on|along], [not fast, but never too slow|up the hill and down the
        hill].
    {f} was hot and [tired|thirsty], but {f.he} kept going. "One more step," {f.he} [told {f.himself}|said]. "And one
        more."
    Meanwhile, {f} kept on, [past the pond and over the bridge|past the tall trees|through the mud]. {^f.he} did not
        look left or right.
    {f} went past {h} without a sound. There was still a long way to go, but {f} did not stop to rest.
finish:
    When {h} [woke up|remembered the race], {h.he} ran as fast as {h.he} could. But {f} was already there, and all the
        animals were cheering.
    Suddenly {h} heard [cheering|shouting]. {^h.he} [jumped up|raced on], but it was too late. {f} had won!
    {h} came [running|around the last corner], just in time to see {f} cross the line first.
    {h} opened {h.his} eyes. Where was {f}? {h} ran and ran, but when {h.he} came to the end, {f} was sitting there,
        smiling.
wise:
    {h}'s ears [drooped|turned red]. "You [won|did it]," {h.he} said to {f}. "I was so busy being proud that I forgot
        to run."
    "You are faster than I am," {f} said kindly. "But being fast is not [enough|everything]."
    {h} was ashamed. Then {h.he} [smiled|went up to {f}]. "You were the better one today," {h.he} said.
    Nobody laughed at {f} now. {h} [swallowed hard|looked at the ground]. "You are a better runner than I thought,"
        {h.he} said.
end:
    After that, {h} did not boast anymore. {^h.he} let others [talk|shine] too.
    <moral_friends>
    And if you never stop, you can get anywhere, even if you are slow.
    {h} learned to be [quiet|modest], and the others liked {h.him} much better. <moral_friends>
"""


def cast_winter(draw: Draw) -> Words:
    """An animal that has stored food for the winter and one that has not."""
    words: Words = {}
    add_creatures(words, draw, ("squirrel", "mouse", "hedgehog", "badger", "beaver"), ("rabbit", "fox", "duck", "deer"))
    return words


WINTER = """
story:
    <hello> <work> // <play> <warn> // <snow> <hungry> // <knock> <doubt> // <share> <evening> // <spring> <end>
    <hello> <work> <play> // <snow> <hungry> // <knock> <share> <evening> // <spring> // <end>
    <hello> <meets> // <work> <play> <warn> // <snow> <knock> // <doubt> <share> <evening> // <end>
work:
    All autumn, {h} gathered {h.food} [from morning to night|day after day].
    "Winter is coming," said {h}, and {h.he} filled {h.his} [house|home] with {h.food}.
    While the leaves were falling, {h} worked hard. Soon {h.he} had a [big|huge] pile of {h.food}.
    {h} got up before the sun to look for {h.food}. "One for today, and one for the winter," {h.he} sang.
play:
    But {f}, the {f.child}, [played in the leaves|sang songs|danced in the wind] all day long. "There is plenty of
        time," {f.he} said.
    {f} the {f.child} did not think of winter. {^f.he} [lay in the sun|ran after the leaves] and laughed.
    "Come and play!" called {f}, the {f.child}. "[Not now|I have to work first]," said {h}.
    {f}, the {f.child}, liked to sleep until noon. "Winter is far away," {f.he} said, and turned over.
warn:
    {h} was worried. "[You should|You had better] gather some food too," {h.he} said. "[Tomorrow|Maybe next week],"
        said {f}. But {f.he} forgot about it.
    {h} shook {h.his} head. "What will you eat when the snow comes?" {h.he} asked. {f} only [smiled|laughed] and ran
        away.
    {h} tried again the next day. "I will help you to gather food," {h.he} said. "That is kind," said {f}. "But I am
        too tired today."
    {h} looked up at the sky. "The nights are getting cold," {h.he} said. "Do not wait too long." But {f} [did not
        listen|had already run off].
snow:
    Then the snow came. It fell for [three|five] days, until the whole forest was white [and silent|].
    One morning, everything was white. The pond was [frozen|covered with ice], and the cold wind [howled|blew through
        the trees].
    Winter came early that year. Snow covered [the paths|the bushes], and the nights were long and cold.
    One night, the wind turned cold. In the morning, there was ice on the pond and snow on every [branch|tree].
hungry:
    {f} looked everywhere for {f.food}, but there was [nothing|only snow]. {^f.his} belly was empty, and {f.he} was
        shaking with cold.
    {f} was cold and hungry. {^f.he} dug in the snow until {f.his} feet hurt, but [found nothing|there was nothing to
        eat].
    {f} ate the last bit of {f.food} that {f.he} could find. The next day, there was nothing, and the day after that,
        there was nothing too.
knock:
    That evening, there was a [soft|weak] knock at {h}'s door. It was {f}. "Please," {f.he} [said|whispered]. "Do you
        have something to eat?"
    {h} heard a [small|thin] voice outside. "May I come in?" asked {f}. There was [snow|ice] on {f.his} nose.
    At last {f} went to {h}. "I was [foolish|lazy]," {f.he} said. "Now I am hungry, and I do not know where to go."
    One night, somebody was outside {h}'s house. It was {f}, so [thin|cold] that {f.he} could hardly stand.
doubt:
    {h} thought about all the long days of work. "[You should have listened|I told you so]," {h.he} wanted to say. But
        {f} looked so cold.
    {h} looked at {h.his} food. Was there enough for two? [It would be a long winter.|Then {h.he} looked at {f}
        again.]
    {h} said nothing for a long time. {^h.he} looked at the snow, and {h.he} looked at {f}.
    "I should send {f.him} away," {h} thought. But {h.he} could not do it.
share:
    "Come in," said {h}. "[There is room for two|Sit down by the fire]." {^h.he} gave {f} a warm blanket and {h.food}.
    {h} opened the door wide. "A friend is [worth more|better] than a full [house|pile]," {h.he} said. They [ate|had
        supper] together.
    {h} [pulled|brought] {f} inside. "We will share," {h.he} said. "[Half for you, half for me|If we are careful, it
        will be enough]."
    "You will eat with me," said {h}. "And in spring, we will see." {f} had tears in {f.his} eyes.
evening:
    All winter long, {f} told stories and sang. [The cold nights did not seem so long|{h} had never laughed so much].
    {f} [swept|cleaned] the floor, mended the [door|roof], and told funny stories. {h} was glad not to be alone.
    Outside the wind howled, but inside it was warm. {f} played a song, and {h} [danced|hummed along].
    They played games by the fire, and {h} taught {f} how to sew. The winter was over before they knew it.
spring:
    When spring came, {f} said, "This year, I will work with you." And {f.he} did.
    At last the snow [melted|was gone], and there was still a little food left. "Thank you," said {f}. "You saved my
        life."
    In spring, {f} [planted|brought] a big [basket|field] of {h.food}, all for {h}.
    When the first flowers came out, {f} was up before {h}. "Come on," {f.he} called. "There is work to do!"
end:
    The next autumn, two friends worked side by side, and then they played together.
    <moral_friends>
    {f} learned to work, and {h} learned to play. <moral_friends>
    When you share, even a [hard|cold] winter can be [warm|a happy time].
"""


def cast_wonder(draw: Draw) -> Words:
    """A child or an animal who finds something from the sky that has to go home."""
    words: Words = {}
    add_creatures(words, draw, (), ())
    thing, adjective, place, wish, way, gift = filled(draw.pick(WONDERS), words)
    words.update({"x": thing, "x.adj": adjective, "x.place": place, "x.wish": wish, "x.way": way, "x.gift": gift})
    words["x.name"] = given_name(draw)
    words.update({f"x.{key}": word for key, word in (FEMALE, MALE)[draw.below(2)].items()})
    return words


WONDER = """
story:
    <hello> // <night> <find> // <talk> <wish> // <friend> <plan> // <home> <gift> // <end>
    <hello> <night> // <find> <talk> // <wish> <friend> // <plan> <home> <gift> // <end>
    <hello> <night> <find> // <talk> <wish> // <friend> <plan> <home> // <gift> <end>
night:
    One [clear|quiet] night, {h} could not sleep. {^h.he} went outside and looked up.
    One night, {h} was on {h.his} way home when something [flashed|moved] in the dark.
    It was a warm night, and {h} was [counting the stars|listening to the wind]. Then {h.he} saw a light.
    One evening, after a storm, {h} went for a walk. The air was clear, and everything was still.
find:
    There, {x.place}, [lay|was] a {x.adj} {x}.
    Then something caught {h.his} eye. {x.place} {h.he} found a {x.adj} {x}.
    It was a {x}! It was {x.adj} and [all alone|no bigger than a hand], and it [lay|sat] {x.place}.
    Something was shining {x.place}. {h} had never seen anything like it. It was a {x.adj} {x}.
    "What is that?" {h} asked. It was a {x}, {x.adj} and cold, and it was hiding {x.place}.
talk:
    "Who are you?" asked {h}. "I am {x.name}," said the {x} [in a small voice|and began to cry]. "I [lost my way|fell
        down], and I want to go home."
    "Do not be afraid," said {h}. "I will not hurt you." The {x} [looked up|stopped shaking]. "My name is {x.name},"
        {x.he} [said|whispered]. "I am so far from home."
    The {x} was crying softly. {h} sat down beside {x.him}. "What is the matter?" {h.he} asked. "I am {x.name}, and I
        am lost," said the {x}.
    "Please do not step on me," said the {x}. "I am {x.name}." {h} sat down in the grass. "I am {h}," {h.he} said.
        "You must be lost."
wish:
    {x.name} [sighed|looked at {h}]. "{x.wish}," {x.he} said. "Can you help me?" {h} [nodded|thought hard]. "I will
        try," {h.he} said.
    "Where do you come from?" asked {h}. {x.name} pointed [up|at the sky]. "{x.wish}," {x.he} said.
    Every little while, the {x} looked up at the sky. "{x.wish}," {x.he} said [sadly|softly].
    {x.name} tried to be brave. "{x.wish}," {x.he} said. "And I cannot fly." A tear rolled down, and it was as bright
        as glass.
friend:
    {h} [ran|went] to {f}, the {f.adj} {f.child}. {f} knew many things. "We have to hurry," said {f}. "It cannot stay
        here [long|until morning]."
    {h} woke {h.his} friend {f}, the {f.child}. Together they thought [and thought|very hard].
    {f}, a {f.child} who was {h.his} best friend, came to help. "I have an idea!" {f.he} said.
    "I cannot do this alone," said {h}. {^h.he} called {f}, the {f.child}, who was always ready to help.
plan:
    {h} wrapped the {x} in soft leaves and carried {x.him} [up the hill|all night long].
    "Hold on to me," said {h}. {^h.he} took the {x} [on {h.his} back|in {h.his} arms] and climbed [up and up|the
        highest hill].
    {h} carried the {x} up the highest hill. It was a long way, and it was cold up there. But {h} [did not stop|sang a
        song so that the {x} would not be sad].
    They walked over the fields and through the woods. When {x.name} got tired, {h} told {x.him} stories. At last they
        came to the top of a hill.
home:
    There, {x.way}. "Goodbye!" called {x.name}. "I will never forget you."
    Then, at last, {x.way}. {h} waved until {h.he} could not see {x.him} anymore.
    And then {x.way}. {x.name} was [home again|safe]! {h} was happy, and a little sad as well.
    "Are you ready?" asked {h}. Then {x.way}. It was so beautiful that nobody said a word.
gift:
    {x.gift}.
    [Some days|A little while|Some time] later, something [wonderful|lovely] happened. {x.gift}.
    But {x.name} did not forget. {x.gift}.
    "Thank you!" somebody called from far away. And then it happened. {x.gift}.
end:
    And when {h} feels lonely, {h.he} looks up and smiles. Somewhere up there is a friend.
    {h} never told anyone but {f}. It was their secret.
    So if you see a light in the sky tonight, [wave|say hello]. It could be {x.name}.
    A friend can be far away and still be a friend.
"""

KINDS = (
    Kind("small help", cast_small_help, SMALL_HELP, ANIMALS),
    Kind("boast", cast_boast, BOAST, ANIMALS),
    Kind("winter", cast_winter, WINTER, ANIMALS),
    Kind("wonder", cast_wonder, WONDER, ANIMALS),
)
