"""Stories of courage: trying something new, being brave in the dark, owning up to a mistake, helping an animal."""

from tinylm.data.stories.engine import Draw
from tinylm.data.stories.kinds.kind import Kind
from tinylm.data.stories.nature import add_rescue, add_weather
from tinylm.data.stories.people import Words, add_child, add_children, add_family
from tinylm.data.stories.things import (
    BREAKABLES,
    NOISES,
    SKILLS,
    add_activity,
    add_toy,
    filled,
)

__all__ = ["KINDS"]


def cast_skill(draw: Draw) -> Words:
    """A child who wants to learn something, with the first failure and the advice that belong to it."""
    words: Words = {}
    add_children(words, draw, "h", "f")
    add_family(words, draw)
    add_weather(words, draw)
    cells = filled(draw.pick(SKILLS), words)
    words.update(zip(("s.do", "s.doing", "s.did", "s.fails", "s.advice"), cells, strict=True))
    return words


SKILL = """
story:
    <hello> <wish> // <first> <upset> // <help> <again> // <success> <end>
    <hello> <wish> <others> // <first> <upset> <help> // <again> // <success> <end>
    <wish> <others> // <one_day> {h} decided to try. <first> // <upset> <help> // <again> <success> // <end>
wish:
    There was one thing that {h} wanted [more than anything|very much]: {h.he} wanted to {s.do}.
    There were many things that {h} could do, but {h.he} could not {s.do} [yet|].
    Every [day|night], {h} dreamed of {s.doing}.
    "I want to {s.do}," {h} [told {g}|said at breakfast].
    For {h.his} birthday, {h} had only one wish: {h.he} wanted to {s.do}.
    {h} looked out of the window at the other children. They could all {s.do}. {h} could not.
others:
    {^h.his} friend {f} could do it well. It looked so easy!
    {h} [watched|looked at] {f}, who had learned it [last summer|long ago]. "How do you do that?" {h} asked.
    {h} had a friend, {f}, who could do it. "Why can I not do it too?" {h} asked {h.himself}.
    The big children did it [all the time|every day], and {h} did not want to be [left out|the only one who could
        not].
    "It is easy," said {f}, {h.his} friend from [next door|school]. "I learned it in one day." That did not make {h}
        feel any better.
first:
    {s.fails}. {h} tried [again|a second time|once more], but it was [no better|just the same|even worse].
    The first time, {h} was [sure|certain] that it would work. {s.fails}.
    It was not as easy as it looked. {s.fails}.
    {h} [counted to three|took a deep breath] and tried. {s.fails}. "[Ouch|Oh no|Oh dear]!" {h.he} said.
    {g} came along to watch. {h} [tried|began]. {s.fails}. {h} looked at {g}.
    {h} went out very early, when nobody could see {h.him}. {s.fails}.
upset:
    "I will never learn it," {h.he} said [sadly|with tears in {h.his} eyes].
    <sad_h> "It is too hard for me," {h.he} [said|whispered].
    {h} was so [angry|cross] that {h.he} [stamped {h.his} foot|kicked a stone|threw {h.his} hat on the ground]. "I
        give up!" {h.he} said.
    "I am no good at this," said {h}. {^h.he} wanted to go home.
    "Everyone can do it but me," said {h}. {^h.his} eyes were [wet|full of tears].
help:
    {g} [sat down|came and sat] next to {h.him}. "Nobody can do it the first time," {g.he} said. "{s.advice}."
    "I tried a hundred times before I learned it," said {g}. "[Try it my way|Let me tell you a secret]. {s.advice}."
    {g} had seen it all. "Do not be [sad|angry with yourself]," {g.he} said. "{s.advice}."
    "You cannot do it yet," said {g}. "Yet is an important word. {s.advice}."
    {g} did not laugh. {^g.he} showed {h.him} how to do it, very slowly. "{s.advice}," {g.he} said.
again:
    {h} [nodded|wiped {h.his} nose|stood up] and tried again. And again. Each time, it went a little [better|easier].
    The next [day|morning], {h} tried again. {w.says} It [still|] did not work [right away|at first], but {h.he} did
        not stop.
    {h} practiced [every day|each afternoon] for [a week|two weeks|a whole month]. Some days were good, and some days
        were bad.
    So {h} tried once more, [slowly this time|and this time {h.he} was not in a hurry]. It almost worked!
    {h} thought about what {g} had said. "{s.advice}," {h.he} told {h.himself}, again and again. And then {h.he}
        tried.
success:
    And then, [one day|at last|all of a sudden], it worked! {h} {s.did}. "[Look|Look at me|I can do it]!" {h.he}
        [cried|shouted].
    [Then|At last] {h} {s.did}! {g} clapped [and clapped|{g.his} hands]. "[You did it|I knew you could do it|Bravo]!"
        {g.he} [cried|called].
    On [Friday|Saturday|Sunday] morning, {h} {s.did}. {^h.he} could [not believe it|hardly believe it {h.himself}].
    "[Watch|Look]!" said {h}. {^h.he} {s.did} [without any help|all by {h.himself}]. {g} was so proud!
    At first {h} did not even notice it. But it was true: {h} {s.did}! "[Hooray|Hooray for {h}]!" cried {g}.
end:
    {h} learned that [nobody is good at everything right away|you have to try many times|you must not give up too
        soon].
    And do you know what {h} said the next day? "Now I want to learn something even harder!"
    Soon {h} was helping [the smaller children|{h.his} little brother|{h.his} little sister]. "{s.advice}," {h.he}
        told them all.
    <evening_end>
    From then on, whenever something was hard, {h} said, "I cannot do it yet."
    That evening, {h} wrote in big letters on a piece of paper: "I CAN DO IT!" {^h.he} put it on the wall above
        {h.his} bed.
    "How did you do it?" asked {h.his} friend {f}. "I fell down, and I got up again," said {h}. "That is all."
"""


def cast_rescue(draw: Draw) -> Words:
    """A child, a grown-up, an animal in trouble and what frees it."""
    words: Words = {}
    add_child(words, draw)
    add_family(words, draw)
    add_activity(words, draw)
    add_weather(words, draw)
    add_rescue(words, draw)
    return words


RESCUE = """
story:
    <hello> <likes> // <one_day> <hears> <sees> // <afraid> <plan> // <rescue> <feed> // <leave> <end>
    <hello> // <one_day> <hears> <sees> <plan> // <rescue> <afraid> <feed> // <leave> <end>
    <one_day> <hears> <sees> // <plan> <rescue> // <afraid> <feed> <leave> // <end>
hears:
    {h} was on {h.his} way home [from school|from the store|from a friend's house] when {h.he} heard a
        [small|strange|sad] sound.
    {h} was playing [outside|behind the house] when something {b.sound}. {^h.he} [stopped|stood still] and listened.
    {h} went for a walk. {w.says} Suddenly, {h.he} heard [something|a sound].
    {h} took the [long|short] way home. {w.says} Somebody seemed to be calling for help.
sees:
    It was a {b.long}. It {b.trouble}.
    There was a {b.long}! The poor [thing|animal] {b.trouble}.
    "[Who is there|What was that]?" {h.he} asked. Then {h.he} saw a {b.long} that {b.trouble}.
    {^h.he} looked [around|left and right] and saw a {b.long}. It {b.trouble} and could not get [away|home].
afraid:
    The {b} was shaking with fear. "I will not hurt you," {h} [whispered|said softly].
    The {b} {b.sound}. "[Shh|Do not be afraid]," said {h}. "I am your friend."
    The {b}'s heart was beating [fast|very fast]. {h} [spoke to it gently|sang to it softly|kept very still] until it
        was calm.
    At first the {b} tried to get away. But {h} sat down on the ground and waited, and after a while it was not afraid
        anymore.
plan:
    {h} [knew|could see] that {h.he} could not do it alone, so {h.he} ran to get {g}.
    {h} ran to the house. "{g}, come quickly!" {h.he} called. {g} [came at once|put down {g.his} book and came].
    {h} went to get {g}. "We have to help it," {h.he} said. {g} [nodded|agreed]. "[Yes, but we must be careful|Let us
        think first]," {g.he} said.
    {h} ran home [as fast as {h.he} could|without stopping] and told {g} [everything|about the {b}]. "Show me," said
        {g}.
rescue:
    Together, {h} and {g} {b.rescue}.
    {g} showed {h} what to do. Very [slowly|carefully], they {b.rescue}.
    They [worked|moved] [quietly|slowly] so that the {b} would not be scared. They {b.rescue}.
    "On three," said {g}. "One, two, three!" And they {b.rescue}.
    It was not easy. {g} told {h} what to do, and together they {b.rescue}.
feed:
    {h} brought it {b.food}. It must have been [hungry|very hungry], for [soon nothing was left|it took all of it].
    Then {h} gave it {b.food}. The {b} looked [better|stronger] right away.
    {g} looked at the {b}. "[It is very weak|It needs something to eat]," {g.he} said. {h} gave it {b.food}, and it
        took it [from {h.his} hand|at once].
    {g} brought {b.food}. The {b} {b.sound}, as if it wanted to say thank you, and took all of it.
leave:
    Then the {b} {b.leaving}. At the last moment, it turned around [and looked at {h}|as if to say thank you].
    "[You can go home now|Go home, little friend]," said {h}. The {b} {b.leaving}.
    When it was strong again, the {b} {b.leaving}. "[Goodbye|Be careful]!" {h} called.
    The {b} looked [at {h}|up] one more time. Then it {b.leaving}.
end:
    {g} <hugged>. "You have a [kind|good|big] heart," {g.he} said.
    Every [day|morning] after that, {h} went to look at {b.home}. And sometimes the {b} [was there|came to see
        {h.him}].
    {h} was [proud and|very] happy. Even a small {h.child} can [help|do something good].
    {h} waved for a long time. {^h.he} knew that [the {b} was safe|everything was all right] now.
    <evening_end>
"""


def cast_sorry(draw: Draw) -> Words:
    """A child who breaks something of a grown-up's, and how it can be made good."""
    words: Words = {}
    add_child(words, draw)
    add_family(words, draw)
    add_toy(words, draw)
    add_activity(words, draw)
    add_weather(words, draw)
    thing, adjective, how, repair = filled(draw.pick(BREAKABLES), words)
    words.update({"v": thing, "v.long": f"{adjective} {thing}", "v.how": how, "v.repair": repair})
    return words


SORRY = """
story:
    <hello> <likes> // <rule> <accident> // <hide> <ask> <lie> // <heavy> <truth> // <answer> <repair> <end>
    <hello> <rule> // <accident> <hide> // <heavy> // <truth> <answer> // <repair> <end>
    <rule> <accident> // <hide> <heavy> // <ask> <lie> // <truth> <answer> <repair> // <end>
rule:
    In the [kitchen|hall|living room] of {h.his} house stood a {v.long}. {g} loved it [very much|dearly].
    {g} had a {v.long}. It [was very old|had belonged to {g.his} mother|was a present from a friend]. "[Please be
        careful with it|You must not touch it]," {g.he} [always|often] told {h}.
    "Do not [run|play] in the house," {g} always told {h}. But [sometimes|today] {h} forgot.
    Nobody was allowed to touch the {v.long}. It was the most [beautiful|precious] thing that {g} had.
accident:
    <one_day> {h} [was playing in the house|was all alone in the room]. {v.how}. [Crash!|Bang!|Oh no!] The {v} broke
        [in two|into many pieces].
    It was [raining|cold] outside, so {h} played inside [with {h.his} {o}|]. {v.how}. [Crash!|Crack!] The {v} lay on
        the floor in pieces.
    {h} [was in a hurry|was not careful that day|forgot to be careful]. {v.how}. There was a [terrible|loud] crash,
        and the {v} was broken.
    <one_day> {h} wanted to show {h.his} {o} to {g}, and {h.he} ran into the room. {v.how}. [Crash!|Bang!] The {v} was
        broken.
hide:
    {h} looked [around|at the door]. Nobody had seen it. {^h.he} [pushed|swept] the pieces under [the rug|the sofa|the
        bed].
    {h} did not know what to do. {^h.he} put the pieces in a [box|bag] and hid it [behind the curtain|in the closet].
    {^h.his} face turned [red|white]. "What if {g} gets angry?" {h.he} thought. {^h.he} hid the pieces [under the
        bed|in {h.his} closet].
    "Oh no," {h} whispered. Quickly, {h.he} picked up the pieces and hid them [in the toy box|under {h.his}
        pillow|behind the sofa].
ask:
    Soon {g} came in. "Where is my {v}?" {g.he} asked.
    "That is strange," said {g}. "Have you seen my {v}?"
    At supper, {g} looked around. "Does anyone know where my {v} is?" {g.he} asked.
    {g} [came home|went into the room] and stopped. "My {v} is gone," {g.he} said. "[Have you seen it|Do you know
        where it is]?"
lie:
    "I have not seen it," said {h} [very quietly|in a small voice], and looked at {h.his} feet.
    "Maybe the [cat|dog|wind] [did it|knocked it over]," said {h}. But {h.his} ears [turned|were] red.
    {h} shook {h.his} head. It was a lie, and it felt like [a stone in {h.his} shoe|a cold lump in {h.his} belly].
    {h} felt {h.his} heart beat. "I was [outside|in my room] the whole time," {h.he} said, and that was not true.
heavy:
    All [evening|day], {h} felt [bad|terrible]. {^h.he} did not want to play, and {h.he} did not want to eat.
    That night, {h} could not sleep. {^h.he} [turned left and right|thought of the broken {v}]. It was [no fun|hard]
        to have such a secret.
    The secret felt [heavy|very heavy]. Even {h.his} {o} did not make {h.him} happy.
    The next day, {h} could not look at {g}. Every time {g} smiled at {h.him}, it [hurt|felt worse].
    At bedtime, {g} read {h.him} a story, but {h} could not listen. {^h.he} could only think of the {v}.
truth:
    At last {h} [got up|stood up] and went to {g}. "It was me," {h.he} said. "I broke your {v}. I am so sorry."
    "I [have to|must] tell you something," {h} said in a [small|shaking] voice. "I broke the {v}, and then I hid it."
    {h} began to cry. "I did it," {h.he} said. "It was an accident, but I was [too scared|afraid] to tell you."
    {h} could not stand it any longer. {^h.he} got the pieces and put them on the table in front of {g}. "I broke it,"
        {h.he} said. "I am sorry that I did not tell you."
answer:
    {g} was quiet for a [moment|while]. Then {g.he} <hugged>. "I am sad about the {v}," {g.he} said. "But I am
        [glad|proud] that you told me the truth."
    "Thank you for telling me," said {g}. "[A {v} is only a thing|Everyone makes mistakes]. Telling the truth takes
        courage."
    {g} looked at the pieces and [sighed|shook {g.his} head]. "You should have told me [right away|before]," {g.he}
        said. "But it was brave of you to come."
    {g} took {h.his} hand. "Things break [sometimes|now and then]," {g.he} said. "It hurts me more when you do not
        tell me the truth."
    "I was wondering when you would come," said {g}. {^g.he} <hugged>. "It takes courage to say that. I am not angry."
repair:
    Together they {v.repair}.
    Then {g} had an idea, and together they {v.repair}.
    "How can I make it good again?" asked {h}. {g} had an idea. The next day, the two of them {v.repair}.
    It took [a whole afternoon|a long time], but the two of them {v.repair}.
    {h} wanted to make it good again, so {h.he} asked {g} to help. Together they {v.repair}.
end:
    {h} felt as light as a feather. {^h.he} [never hid a mistake again|knew that the truth was always better].
    From that day on, {h} was more careful. And when something went wrong, {h.he} [said so|told the truth right away].
    {h} learned that a mistake gets [smaller|lighter] when you talk about it.
    That night, {h} slept [well|very well] again.
"""


def cast_dark(draw: Draw) -> Words:
    """A child at night, a noise, and what the noise really is."""
    words: Words = {}
    add_child(words, draw)
    add_family(words, draw)
    add_activity(words, draw)
    add_toy(words, draw)
    add_weather(words, draw)
    where, sound, looks, cause, after = filled(draw.pick(NOISES), words)
    if words["g.kin"] not in ("mom", "dad"):
        words["?away"] = ""
    words.update({"x.where": where, "x.sound": sound, "x.looks": looks, "x.cause": cause, "x.after": after})
    return words


DARK = """
story:
    <hello> <scared> // <night> <noise> <fear> // <talk> <step> // <see> <relief> // <end>
    <hello> <likes> <scared> // <night> <noise> // <fear> <step> // <see> <relief> <end>
    <night> <noise> <fear> // <talk> // <step> <see> // <relief> <end>
scared:
    But when it got dark, {h} was [afraid|scared].
    There was only one thing that {h} did not like: the dark.
    By day, {h} was not afraid of anything. At night, it was [different|another story].
    {h} had a big fear and told no one about it. When the light went out, {h.he} felt very small.
    Every night, {h} asked for a light. "There is nothing to be afraid of," said {g}. But {h} was not so sure.
night:
    One [cold|windy|stormy|dark] night, {h} [lay|was] in bed. [The moon hid behind the clouds.|The whole house was
        asleep.|It was very late.]
    One [winter|autumn] evening, the lights [went out|all went out]. The house was as dark as [a cave|the inside of a
        boot].
    ?away: {h} was [spending the night|staying] at {g}'s house. The room was [big|strange], and there was no light.
    One night, {h} woke up and did not know why. It was [dark|black] all around {h.him}, and the house was
        [quiet|silent].
noise:
    Then {h.he} heard a [sound|noise]: {x.sound}! It came from {x.where}.
    {x.sound}! What was that? {h} [held {h.his} breath|sat up in bed]. It came from {x.where}.
    Suddenly, something went {x.sound} [somewhere|not far away]. The noise came from {x.where}. {h} opened {h.his}
        eyes wide.
    Outside, the wind [blew|howled]. And then there was something else: {x.sound}! It came from {x.where}.
fear:
    And then {h.he} saw {x.looks}! {h} pulled the blanket over {h.his} head.
    {h} saw {x.looks}. "[A monster|A ghost]!" {h.he} thought, and {h.his} heart [went boom, boom, boom|jumped].
    {^h.he} [thought {h.he} saw|saw] {x.looks}. {^h.he} held {h.his} pillow [tight|very tight] and did not move.
    What could it be? {h} looked and saw {x.looks}. {^h.his} hair stood on end.
talk:
    "{g}!" {h} called. {g} came [with a candle|with a small lamp]. "The dark is the same [room|house] with its eyes
        closed," {g.he} said. "Shall we look together?"
    {g} came and sat on the bed. "I was afraid of the dark [too|once]," {g.he} said. "Then I learned to [look
        closely|ask the dark what it was]. Come and look with me."
    "There is something [there|in the house]," {h} [whispered|said] to {g}. "Let us find out what it is," said {g},
        and gave {h.him} [a flashlight|the lamp].
    {h} ran to {g}'s bed. "Something is there!" {h.he} said. {g} [yawned|rubbed {g.his} eyes] and got up. "Then we
        will say hello to it," {g.he} said.
step:
    {h} [counted to ten|took a deep breath]. "I am brave," {h.he} [told {h.himself}|whispered]. {^h.he} put one foot
        on the floor, then the other.
    Slowly, {h} [crept|walked|tiptoed] toward the noise. {^h.his} knees were shaking, but {h.he} did not [turn
        back|stop].
    {h} took {h.his} flashlight in one hand [and {h.his} {o} in the other|]. Step by step, {h.he} went closer.
    {h} wanted to run away. But {h.he} also wanted to know what it was. So {h.he} put on {h.his} slippers and went to
        look.
see:
    Then the moon [came out|looked in], and {h} could see. It was not a monster at all. It was only {x.cause}!
    {^h.he} [pointed the light|looked closely] and began to laugh. It was {x.cause}!
    And what did {h.he} see? It was {x.cause}! So that was all!
    {h} turned on the light, and everything looked different. It was {x.cause}!
relief:
    {h} [laughed|giggled] until {h.his} belly hurt. {x.after}.
    {x.after}. Now the room [looked friendly|was quiet] again.
    "And I was so afraid!" said {h}. {x.after}.
    {h} felt the fear go away, like air out of a balloon. {x.after}.
end:
    {h} [crawled|climbed] back into bed and fell asleep [at once|before {h.he} could count to five].
    In the morning, {h} told everyone how [brave {h.he} had been|{h.he} had met the monster].
    After that, {h} was not afraid of the dark anymore. It was only the day [with its eyes closed|having a rest].
    {h} learned that being brave does not mean [that you are never afraid|having no fear]. It means that you look
        [anyway|all the same].
"""

KINDS = (
    Kind("skill", cast_skill, SKILL),
    Kind("rescue", cast_rescue, RESCUE),
    Kind("sorry", cast_sorry, SORRY),
    Kind("dark", cast_dark, DARK),
)
