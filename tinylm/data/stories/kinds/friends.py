"""Stories between two children: a quarrel made up, something shared, a new child next door."""

from tinylm.data.stories.engine import Draw
from tinylm.data.stories.kinds.kind import Kind
from tinylm.data.stories.nature import add_place, add_weather
from tinylm.data.stories.people import Words, add_children, add_family, add_parent
from tinylm.data.stories.things import add_activity, add_food, add_toy

__all__ = ["KINDS"]


def cast_quarrel(draw: Draw) -> Words:
    """Two children, a toy that both want, a grown-up who does not take sides."""
    words: Words = {}
    add_children(words, draw, "h", "f")
    add_parent(words, draw)
    add_toy(words, draw)
    add_weather(words, draw)
    add_place(words, draw, "park", "meadow", "playground", "garden", "hill")
    if words["o.harm"] and draw.below(2):
        words.update({"?broken": "", f"?{words['o.harm']}": ""})
    return words


QUARREL = """
story:
    <hello_two> <together> // <want> <pull> // <trouble> <apart> // <think> <sorry> // <plan> <end>
    <hello_two> // <one_day> <find> <want> <pull> <trouble> // <apart> <grown_up> // <sorry> <plan> // <end>
    <one_day> <find> <want> // <pull> <trouble> <apart> // <think> // <sorry> <plan> <end>
together:
    <one_day> they [met|played|were] {p.in}. {w.says} {h} had brought a {o.long}.
    <one_day> {h} [came|ran] {p.to} with a {o.long}. {f} was already there, waiting [by the gate|under a tree|on a
        bench].
    <one_day> the two of them <went> {p.to}. {h} had a {o.long} with {h.him}, and {f} [saw it at once|could not stop
        looking at it|thought it was the best {o} in the world].
    <one_day> {h} took {h.his} {o.long} {p.to}. {w.says} {f} came too, and together they sat down near {p.sight}.
find:
    {h} and {f} found a {o.long} {p.in}. Nobody [else was there|knew whose it was|had left a name on it].
    {h} and {f} were {p.in} when they saw a {o.long} [on the ground|lying in the grass|right in front of them].
    {h} and {f} <went> {p.to} together. There, beside the path, lay a {o.long}.
    {h} and {f} were {p.in}, near {p.sight}. {w.says} "Look!" cried {f}. There was a {o.long}.
want:
    "I want to {o.do} first!" [said|cried|shouted] {h}. "No, me!" [said|cried|shouted] {f}.
    Both of them wanted to {o.do}. "It is my turn," said {f}. "No, it is mine," [said|answered] {h}.
    "Let me have it," said {f}. {h} [shook {h.his} head|held it tight]. "You always go first," {h.he} said.
    {h} {o.did} for a long, long time, and {f} [had to wait|got tired of waiting]. "Now me!" said {f}. But {h} [did
        not listen|turned away|said no].
pull:
    {h} pulled [on one side|hard], and {f} pulled [on the other side|harder].
    {f} [grabbed|took hold of] the {o}. {h} [did not let go|held on tight|pulled it back].
    They [pulled|tugged] and [shouted|pushed] until their faces were [red|hot].
    {f} tried to take the {o} away. {h} [ran a few steps|hid it behind {h.his} back], but {f} was [faster|just as
        fast].
    "Give it to me!" {f} [shouted|cried]. "Never!" [shouted|cried] {h}. They both pulled as hard as they could.
trouble:
    ?!broken: Then the {o} [slipped out of their hands and fell|flew through the air and landed] [in the mud|in a
        puddle|in the dirt]. "Look what you did!" [they both said|they cried] at the same time.
    ?!broken: All of a sudden they both fell down. The {o} landed [in a muddy puddle|in a thorny bush|in the mud].
    ?tears: Then there was a [loud|terrible] sound. Rip! The {o} had a [big|long] tear in it, and now nobody could
        [play with it|use it].
    ?tears: All of a sudden the {o} [tore|got caught on a branch and tore]. They [stared at it|grew very quiet].
    ?breaks: Then there was a [loud|small] crack. The {o} was [broken|in two pieces], and now nobody could [play with
        it|use it].
    ?breaks: All of a sudden the {o} [hit a stone|fell on the hard ground], and a [piece|bit] of it broke off. They
        [stared at it|grew very quiet].
    ?!broken: [Splash!|Plop!] The {o} fell into [the water|a deep puddle], and both of them grew very quiet.
apart:
    "I do not want to play with you anymore," said {f}. {h} [turned around|crossed {h.his} arms] and said nothing.
    {f} [went|walked|ran] home without a word. {h} sat [on the grass|on a stone|under a tree] all alone.
    "You are not my friend," {h} said [angrily|in a loud voice]. {f} [began to cry|walked away|looked at the ground].
    {h} sat on one side of [the path|the tree|the bench], and {f} sat on the other. [Nobody spoke.|They did not look
        at each other.]
think:
    After a while, {h} felt [lonely|sorry|bad]. Playing alone was [no fun|not nice] at all. {^h.he} thought about all
        the [good times|games] they had shared.
    {h} looked at the {o}. [It was only a {o}.|There were many like it.] But there was only one {f} in the whole
        world.
    That evening, the house was [very quiet|too quiet]. {h} [missed {f}|could not eat|could not sleep]. "I was not
        [fair|kind]," {h.he} thought.
    {h} [looked over|looked up] and saw that {f} was crying. All at once, {h} was not [angry|cross] anymore.
grown_up:
    {h} told {g} [about it|what had happened|everything]. {^g.he} did not [scold {h.him}|get angry]. "[What|Which] is
        worth more to you: the {o} or {f}?" {g.he} asked. {h} [knew the answer|thought about that|did not have to
        think].
    {g} [saw|noticed] that {h} was sad. "Somebody has to say sorry first," {g.he} said. "It [could|might] be you."
    At home, {g} [listened to the whole story|asked what was wrong]. "A friend is [harder to find|worth more] than a
        {o}," {g.he} said [softly|kindly].
    {g} heard about it and sat down beside {h}. "[I once lost a friend over a silly thing|When I was little, I fought
        with my best friend too]," {g.he} said. "Do not wait too long."
sorry:
    {h} [went|walked|ran] over to {f}. "I am sorry," {h.he} said. "I am sorry too," said {f}.
    {h} went to find {f}. "I was [mean|selfish|wrong]," {h.he} said. "Will you forgive me?" {f} [nodded|smiled a
        little|wiped {f.his} eyes]. "[Yes|Of course], if you forgive me too," {f.he} said.
    {h} took a deep breath and went to {f}. "I am sorry that I [shouted|pulled so hard]," {h.he} said [quietly|in a
        small voice]. {f} took {h.his} hand. "So am I."
    Just then, {f} came up to {h.him}. "I do not want to fight," {f.he} said. "Me neither," said {h}, and they hugged.
plan:
    They [?broken: fixed|?broken: mended|?!broken: cleaned|?!broken: wiped] the {o} together until it [looked like
        new|was as good as new]. Then they [took turns|counted to twenty for each turn|changed places after every
        song].
    [?broken: First they mended the {o}.|?!broken: First they cleaned the {o}.] "You go first," said {h}. "No, you,"
        said {f}. Then they had to laugh, and they took turns [all afternoon|until supper|until the sun went down].
    [?broken: They mended the {o} and|?!broken: They wiped the {o} and] [made a rule|thought of a plan]. Each of them
        got the {o} for ten minutes, and the other one counted.
    [?broken: Together they mended the {o}.|?!broken: Together they cleaned the {o}.] "Let us share it," said {f}.
        "One day at your house, one day at mine."
end:
    <friends_end>
    It was much more fun [to share than to fight|together than alone]. <friends_end>
    They learned that a {o} can be [?broken: fixed|?!broken: cleaned], but a friend is [special|worth more].
    {h} learned that saying sorry [is not so hard|can make things right again]. <friends_end>
"""


def cast_sharing(draw: Draw) -> Words:
    """Two children, one of whom has something to eat."""
    words: Words = {}
    add_children(words, draw, "h", "f")
    add_family(words, draw)
    add_food(words, draw)
    add_activity(words, draw)
    add_weather(words, draw)
    add_place(words, draw, "park", "meadow", "beach", "farm", "hill", "river", "playground")
    return words


SHARING = """
story:
    <hello> <likes> // <gets> <walk> // <meets> <asks> <doubt> // <shares> <eat> // <return> <end>
    <hello> <gets> // <walk> <meets> // <asks> <doubt> <shares> // <eat> <end>
    <one_day> <gets> <walk> // <meets> <asks> // <doubt> <shares> <eat> // <return> <end>
gets:
    {g} gave {h} {o.some}. "[Enjoy|Take good care of] {o.it}," {g} said with a smile.
    {h} had {o.some}. {^g} had packed {o.it} in a [little basket|paper bag|blue box].
    {h} helped {g} [for an hour|in the kitchen|in the garden]. As a thank-you, {h} got {o.some}.
    {h} got {o.some} from {g}. Just looking at {o.it} made {h.his} mouth water.
walk:
    {h} took {o.it} {p.to} and [sat down|looked for a good place] [near|close to] {p.sight}.
    {h} carried {o.it} [carefully|proudly] {p.to}. {w.says}
    {h} [wanted|meant] to eat {o.it} {p.in}, all alone, [with nobody to bother {h.him}|in peace and quiet].
    The way {p.to} was long, and {h} got [hungrier and hungrier|very hungry]. At last {h.he} found a good place to
        sit, near {p.sight}.
meets:
    There {h.he} [saw|met] a {f.child} [sitting|standing] all alone. It was {f}. {^f.he} looked [sad|hungry|tired].
    {f}, a {f.child} from {h.his} class, was [there too|sitting on a stone]. {^f.his} [bag|lunch box] was open, and
        [there was nothing in it|it was empty].
    {f} from {h.his} [school|street] came [by|along]. {^f.he} looked at {h} with [big|round] eyes.
    Just then, {f} came around the corner. {^f.he} was in {h}'s class, but they had never [played together|really
        talked].
asks:
    "I [forgot|lost|dropped] my lunch," said {f}. "And I am so hungry."
    "What is the matter?" asked {h}. "My [dog|little brother|goat] ate my lunch," {f} [said|answered].
    "That smells [good|nice|wonderful]," {f} said [shyly|softly]. {^f.his} [belly|stomach] made a [loud|funny] noise.
    "Are you hungry?" asked {h}. {f} [only nodded|nodded slowly|looked down at {f.his} shoes].
doubt:
    {h} looked at the {o}. {^h.he} had [looked forward to|been thinking about] {o.it} all [day|morning].
    At first, {h} wanted to [keep everything|hide the {o} behind {h.his} back]. But then {h.he} [saw {f.his} sad
        face|thought of how it feels to be hungry].
    {h} thought for a moment. If {h.he} gave some away, there would be less for {h.him}.
    It was not easy. {h} [was hungry too|had waited for this all day].
shares:
    "Here," said {h}, and {h.he} gave {f} {o.share}. "[This is for you|We can share|Take it]."
    Then {h} [smiled|made up {h.his} mind]. "There is enough for [two|both of us]," {h.he} said, and gave {f}
        {o.share}.
    "Come and sit with me," said {h}. {^h.he} [handed|gave] {f} {o.share}.
    {h} gave {f} {o.share}. "Is that [really|all] for me?" asked {f}. "[Yes|Of course]," said {h}. "Friends share."
eat:
    They [sat|ate] side by side and [talked|laughed] the whole time. The {o} [had never tasted so good|tasted better
        than ever].
    "[Mmm|Oh], this is [so|really] {o.taste}!" said {f}. "Thank you, {h}!" Soon [there was nothing left|everything was
        gone].
    {f} [ate everything up|finished it all] and [licked|wiped] {f.his} fingers. "Thank you," {f.he} said. "[You are
        very kind|That was so kind of you]."
    They ate slowly and looked at {p.sight2}. {h} was [surprised|amazed]. [Half|A part] of something can taste better
        than the whole of it.
return:
    The next day, {f} came with [a bag of plums|a jar of honey|two warm muffins|a big orange]. "Now it is my turn to
        share," {f.he} said.
    A week later, {h} forgot {h.his} own lunch. "Do not worry," said {f}, and {f.he} [cut|broke] {f.his} sandwich in
        two.
    Then {f} showed {h} [a secret path|how to skip stones|a nest with four blue eggs|a new game], and they played
        until evening.
    When {g} heard about it, {g.he} <hugged>. "I am proud of you," {g.he} said.
end:
    <friends_end>
    {h} went home with [an empty bag and a full heart|a warm feeling inside|a new friend].
    Since that day, {h} always [packs|brings] a little more than {h.he} needs.
    Sharing had made [a small lunch|the day] [into a party|much better]. <friends_end>
"""


def cast_new_child(draw: Draw) -> Words:
    """A child who is new, and one who says hello."""
    words: Words = {}
    add_children(words, draw, "h", "f")
    add_parent(words, draw)
    add_toy(words, draw)
    add_activity(words, draw)
    add_weather(words, draw)
    add_place(words, draw, "park", "playground", "garden", "meadow")
    return words


NEW_CHILD = """
story:
    <hello> <likes> // <arrive> <lonely> // <grown_up> <step> // <answer> <play> // <end>
    <arrive> <lonely> // <grown_up> // <step> <answer> <play> // <end>
    <hello> <arrive> // <lonely> <step> // <answer> <play> <end>
arrive:
    <one_day> a [big|long|yellow] truck stopped [in front of|next to] {h}'s house. A new family was moving in, and
        with them came a {f.child} named {f}.
    There was a new {f.child} in {h}'s class. "This is {f}," said the teacher. "Please [be kind to|welcome] {f.him}."
    <one_day> {h} saw a {f.child} {p.in} whom {h.he} did not know. The {f.child} stood [near|beside] {p.sight}, all
        alone. {^f.his} name was {f}.
    In the house next to {h}'s, nobody had lived for a year. Then, one [morning|evening], there was a light in the
        window. A {f.child} named {f} had come to live there with {f.his} family.
lonely:
    {f} did not [know anyone|have any friends here]. {^f.he} [looked at {f.his} shoes|did not say a word|held {f.his}
        {o.long} tight].
    The other children ran [past|around], but nobody [spoke to|played with] {f}. {f} had only {f.his} {o.long}.
    {h} [watched|saw] {f} from far away. {f} looked [sad|lost|lonely], [alone with|holding] {f.his} {o.long}.
    {f} sat on the steps with {f.his} {o.long} and watched the others play. {^f.he} did not dare to [ask|come closer].
    At lunch, {f} sat alone at the end of the table. {^f.he} [did not eat|ate slowly] and held {f.his} {o.long} in one
        hand.
grown_up:
    "Why do you not say hello?" asked {g}. "I am [too shy|a little scared]," said {h}. "I think {f.he} is [shy
        too|even more scared than you]," {g} [said|answered].
    {h} told {g} about {f}. "How would you feel if you were new?" {g} asked. {h} thought [about it|hard].
        "[Lonely|Very sad]," {h.he} said.
    "{^f.he} might not like me," {h} said to {g}. {g} [smiled|shook {g.his} head]. "You will only find out if you
        ask."
    "What can I say to {f.him}?" {h} asked. "Just tell {f.him} your name," said {g}. "The rest comes by itself."
    {g} [baked|made] a plate of cookies. "Take these to {f}," {g.he} said. "Cookies make it easier to say hello." {h}
        was not sure about that.
step:
    So {h} took a deep breath and walked over. "Hello, I am {h}," {h.he} said. "Do you want to play?"
    {h} [went|walked] up to {f}. {^h.his} heart was beating fast. "I like your {o}," {h.he} said. "May I see it?"
    The next [day|morning], {h} [sat down|stood] next to {f} and [held out a cookie|smiled at {f.him}]. "[I am|My name
        is] {h}," {h.he} said. "[I can show you everything.|Would you like to be my friend?]"
    {h} made a [sign|card] with the words "WELCOME, {f.shout}!" and took it to {f.him}. "I am {h}," {h.he} said. "I
        like your {o}. Do you want to play?"
answer:
    {f} looked up, and [slowly|little by little] {f.his} face [lit up|changed into a smile]. "Yes, please," {f.he}
        said.
    At first {f} [said nothing|only blinked]. Then {f.he} [smiled|nodded]. "I would like that," {f.he}
        [said|whispered].
    "Nobody has [talked to me|been so nice to me] before," said {f}. {^f.he} [smiled|grinned] from ear to ear.
    For a moment it was quiet. Then {f} [held out {f.his} hand|began to laugh]. "I was hoping that somebody would
        ask," {f.he} said.
    {f} took a step closer. "Really?" {f.he} asked. "I thought that nobody [saw me|wanted to talk to me]." And then
        {f.he} smiled.
play:
    {f} gave {h} the {o}, and they took turns {o.doing}. Then {h} showed {f} how to {act.do}.
    They ran to {p.sight2} and back again. It turned out that {f} loved {act.doing} too!
    {h} showed {f} all {h.his} favorite places: {p.sight}, {p.sight2}, and [a secret hole in the fence|the best tree
        for climbing|the corner where the cat sleeps].
    "What do you like to do?" asked {h}. "I like to {act.do}," said {f}. "[Me too|So do I]!" cried {h}, and off they
        ran.
end:
    <friends_end>
    {h} was glad that {h.he} had been brave. <friends_end>
    "{f} was [only shy|shy, just like me]," {h} told {g} that evening. "Now {f.he} is my friend."
    All it took was one [word|small word]: hello. <friends_end>
"""

KINDS = (
    Kind("quarrel", cast_quarrel, QUARREL),
    Kind("sharing", cast_sharing, SHARING),
    Kind("new child", cast_new_child, NEW_CHILD),
)
