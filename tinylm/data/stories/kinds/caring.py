"""Stories of caring for somebody: a friend who is sick, a new baby."""

from tinylm.data.stories.engine import Draw
from tinylm.data.stories.kinds.kind import Kind
from tinylm.data.stories.nature import add_weather
from tinylm.data.stories.people import Words, add_child, add_children, add_family, add_parent
from tinylm.data.stories.things import SICK_GIFTS, add_activity, add_toy, filled

__all__ = ["KINDS"]


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
    <one_day> {h} had a joke to tell {h.his} friend {f}. But {f} was not at school, and {f} was not [at the
        playground|by the swings] after school.
news:
    "{f} is sick," said {f.his} mom. "{^f.he} [has a fever|has a cold|has red spots all over] and must stay in bed."
    {f} was sick. {^f.he} had a [fever|cold|sore throat] and could not [get up|go out] for a week.
    {h} heard that {f} was in bed with [a bad cold|a fever]. It was no fun without {f.him}.
    {h} asked the teacher. "{f} has a [fever|bad cold]," she said. "{^f.he} has to stay at home until {f.he} is well."
idea:
    "[Poor {f}|How boring]!" thought {h}. "What can I do to [cheer {f.him} up|make {f.him} laugh]?"
    "When you were sick, what did you like best?" asked {g}. {h} thought about it. "[Not being alone|A surprise],"
        {h.he} said.
    {h} was sad. "You cannot make {f.him} well," said {g}. "But you can make {f.him} smile."
    {h} could not play with {f}. But {h.he} could do something else, and {h.he} knew what it was.
gift:
    {h} got to work right away and made a {x.long}, {x.use}.
    That afternoon, {h} sat at the table and made a {x.long}, {x.use}. {g} helped [a little|with the hard parts].
    {h} thought for a while. Then {h.he} made a {x.long}, {x.use}.
    {h} asked {g} for paper, glue, and some [string|wool]. Soon there was a {x.long} on the table, {x.use}.
visit:
    {h} [carried|took] it to {f}'s house. {w.says}
    The next day, {h} went to see {f}. {^h.he} was not allowed to go into the room, so {h.he} [waved through the
        window|stood in the garden and called].
    {h} [knocked|tapped] softly on {f}'s window and held up the {x}.
    After school, {h} went to {f}'s house with the {x} [under {h.his} arm|in a bag]. {f}'s mom opened the door and let
        {h.him} in.
sick:
    {f} lay in bed, [pale and tired|with a hot face]. {^f.he} [had cried a little|was bored].
    There was {f}, under three blankets. Only {f.his} [nose|eyes] could be seen.
    "I feel [awful|terrible]," said {f}. "And there is nobody to play with."
    {f}'s room was dark, and the curtains were closed. "Who is there?" {f} asked in a weak voice.
cheer:
    When {f} saw the {x}, {f.he} sat up. "Did you make that for me?" {f.he} asked, and {f.he} began to laugh.
    "This is for you," said {h}. {f} looked at the {x} and [smiled for the first time that week|forgot that {f.he} was
        sick].
    The {x} made {f} [giggle|laugh so much that the bed shook]. "My head does not hurt when I laugh," {f.he} said.
    {h} came back every day, and every day they [told each other jokes|made faces through the window|played a game
        with the {x}].
well:
    A few days later, {f} was well again. The first thing {f.he} did was [run to {h}'s house|ring {h}'s bell].
    [Soon|At last] {f} felt strong again. {^f.he} [came out|ran out] into the sun, and {h} was there, waiting for
        {f.him}.
    The doctor came and smiled. "What kind of medicine did you take?" she asked. "{h}," said {f}.
    Day by day, {f} got better. On Sunday, {f.he} was allowed to get up, and on Monday, {f.he} was back at school.
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
    When {h} came home from school, everyone was whispering. In the [bedroom|big bed] lay Mom, and in her arm lay a
        baby. It was {h}'s new little {b}.
jealous:
    The baby slept, drank milk, and [cried|screamed]. Everyone [smiled at|talked about] {b.him} all the same.
    "[How sweet|What lovely little fingers]!" said all the visitors. Nobody looked at {h}.
    "When can {b.he} play with me?" {h} asked. "[Not yet|In a year or two]," said {g}. {h} thought that was [much too
        long|not fair].
    Before, everyone had laughed at {h}'s jokes. Now everyone looked at the baby, even when {b.he} only yawned.
nobody:
    "Look, I can {act.do}!" said {h}. "Shh," said {g}. "The baby is asleep."
    {h} had a new {o}. "Look, {g}!" {h.he} called. But {g} [was tired|had the baby in {g.his} arms] and did not look.
    At bedtime, there was no story, because the baby [was crying|had a bellyache]. {h} lay in the dark and felt
        [forgotten|lonely].
    {h} made a drawing of a [ship|horse|house] and took it to {g}. "Very nice," said {g}, but {g.he} did not really
        look.
talk:
    {h} hid {spot}. {g} [found|looked for] {h.him} and sat down on the floor. "I have [enough love|room in my heart]
        for two," {g.he} said.
    "Do you love the baby more than me?" {h} asked. {g} took {h.him} on {g.his} lap. "Love is not a cake," {g.he}
        said. "It does not get smaller when you share it."
    {g} [showed|gave] {h} an old picture. "This is you," {g.he} said. "You cried even louder. And everyone [thought
        you were|said you were] wonderful."
    "Come here," said {g}, and {g.he} put the baby into {h}'s arms. "{^b.he} does not know anybody yet. {^b.he} needs
        somebody who is big and strong." {h} sat up straight.
cries:
    One evening, the baby cried and did not stop. Mom sang. Dad walked up and down. Nothing helped.
    Then [came a night when|one night] the baby cried and cried. Mom and Dad were so tired that they could [hardly
        stand|not think].
    In the middle of lunch, the baby began to scream. {g} tried [milk|a song|a blanket], but it only got worse.
    It was raining, and the baby had been crying since lunch. Nobody knew what {b.he} wanted.
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
    The baby forgot to cry. {^b.he} reached out, took hold of {h}'s nose, and laughed out loud.
end:
    "I am your big [?h_girl: sister|?h_boy: brother]," {h} whispered. "I will show you everything."
    From that day on, whenever the baby cried, everyone called for {h}.
    That night, {g} read a long story, with {h} on one side and the baby on the other.
    {h} [counted the days|could hardly wait] until the baby could walk. There was so much to show {b.him}!
"""

KINDS = (
    Kind("sick", cast_sick, SICK),
    Kind("baby", cast_baby, BABY),
)
