"""Stories about looking for something: a lost toy at home, a lost toy outdoors, a pet that has run away."""

from tinylm.data.stories.engine import Draw
from tinylm.data.stories.kinds.kind import Kind
from tinylm.data.stories.nature import add_place, add_weather
from tinylm.data.stories.people import Words, add_children, add_family, add_neighbor, add_pet
from tinylm.data.stories.things import INDOOR_SPOTS, OUTDOOR_SPOTS, add_activity, add_toy

__all__ = ["KINDS"]


def add_search(words: Words, draw: Draw, spots: tuple[str, ...], found: str) -> None:
    """Cast three places to look in vain, none of them the one where it is found."""
    one, two, three = draw.several([spot for spot in spots if spot != found], 3)
    words.update({"spot": one, "spot2": two, "spot3": three, "found": found})


def cast_lost(draw: Draw) -> Words:
    """A toy that gets lost at home or outdoors, and somebody who helps."""
    words: Words = {}
    add_children(words, draw, "h", "f")
    add_family(words, draw)
    add_toy(words, draw)
    add_activity(words, draw)
    add_weather(words, draw)
    if draw.below(2):
        add_search(words, draw, INDOOR_SPOTS, words["o.indoors"])
        words["?indoors"] = ""
    else:
        add_search(words, draw, OUTDOOR_SPOTS, words["o.outdoors"])
        add_place(words, draw, "park", "playground", "garden")
    return words


LOST = """
story:
    <hello> <treasure> // <gone> <search> // <sad_h> <helper> // <clue> <find> // <thanks> <end>
    <hello> <likes> <treasure> // <gone> <search> <sad_h> // <helper> <clue> // <find> <thanks> <end>
    <treasure> // <gone> <sad_h> // <helper> <search> // <clue> <find> // <thanks> <end>
treasure:
    {h} had a {o.long}. It was {h.his} favorite [toy|thing in the world], and {h.he} [took it everywhere|never went
        anywhere without it|loved {o.doing}].
    {h} got a {o.long} for {h.his} birthday. {^h.he} loved {o.doing} [every day|from morning to night].
    The best thing that {h} owned was a {o.long}. It was a present from {h.his} [big sister|big brother|cousin].
    Wherever {h} went, {h.his} {o.long} went too. {^h.he} [would not give it away for anything|loved {o.doing}].
gone:
    ?indoors: <one_day> {h} wanted to play, but the {o} was [gone|not there|nowhere to be seen].
    ?indoors: <one_day> {h} [came home|woke up] and [reached for|looked for] {h.his} {o}. It was [gone|not in its
        place].
    ?indoors: "Where is my {o}?" [cried|asked] {h} one morning. It was not [on the shelf|where {h.he} had left it].
    ?!indoors: <one_day> {h} played {p.in} for a long time. When it was time to go home, the {o} was [gone|not there].
    ?!indoors: <one_day> {h} took the {o} {p.to}. {w.says} But {h.he} put it down for a [moment|minute] to {act.do},
        and then {h.he} could not find it.
    ?!indoors: "Oh no!" [cried|said] {h}. {^h.he} was {p.in}, and {h.his} {o} was not in {h.his} [hands|bag] anymore.
search:
    {h} looked {spot}. {^h.he} looked {spot2}. {^h.he} even looked {spot3}. [Nothing!|It was not there.|No {o}!]
    First {h} looked {spot}. Then {h.he} looked {spot2}. At last {h.he} looked {spot3}, but there was no {o}.
    {h} searched {spot}, {spot2}, and {spot3}. [But it was no use.|The {o} was not there.] All {h.he} found was [an
        old button|a dusty sock|a feather|a dry leaf|a penny].
    Was it {spot}? No. Was it {spot2}? No. It was not {spot3} either.
helper:
    {f} [saw|noticed] {h.his} sad face. "What is [wrong|the matter]?" {f.he} asked. "I have lost my {o}," said {h}.
        "[I will help you|Let us look together]," said {f}.
    Then {f} came by. "Do not cry," {f.he} said. "[Four eyes see more than two|Two can look better than one]."
    {f}, {h.his} [best friend|friend from next door], came to help. "We will find it," {f.he} [said|promised].
    Luckily, {f} was there. {f} [sat down next to|knelt beside] {h.him}. "When did you have it last?" {f.he} asked.
        {h} [closed {h.his} eyes and thought hard|tried to remember].
clue:
    "[Think|Remember]," said {f}. "What did you do [just before|after that]?" {h} thought. "I [heard a noise|saw a
        cat|had to tie my shoe|wanted to eat an apple], and I put the {o} down!"
    {f} [bent down|got down on {f.his} knees] and looked [at the ground|around] slowly. "I [can see|see] something
        {o.adj}!" {f.he} [cried|called].
    All of a sudden, {f} [stopped|stood still]. "Did you look {found}?" {f.he} asked. {h} [shook {h.his} head|had
        not].
    They walked back [step by step|slowly], [the same way|just as] {h} had [come|gone] before.
find:
    And there it was! The {o} was {found}. "[Hooray|You found it|My {o}]!" [shouted|cried] {h}.
    There, {found}, [was|lay] the {o.long}. {h} [jumped up and down|laughed out loud|could not believe {h.his} eyes].
    They looked {found}, and [what did they see|what was there]? The {o.long}! {h} [held it tight|picked it up and
        kissed it|did a little dance].
    {h} looked {found}. "[Here it is|I see it|I have it]!" {h.he} [called|cried]. It was [a little dusty|a little
        wet|dirty], but it was {h.his} {o}.
thanks:
    "Thank you[ so much|, {f}|]!" said {h}. "[I could not have found it alone|You are a real friend]."
    {h} hugged {f}. "[Thank you for helping me|You are the best], {f}," {h.he} said.
    "Now we can both play," said {h}, and {f} was the first to {o.do}.
    "That was easy," said {f} with a [grin|smile]. But {h} knew that {h.he} could not have done it without {f.him}.
    {h} was so happy that {h.he} [danced around {f}|gave {f} half of {h.his} apple]. "You found it!" {h.he} said.
        "[How can I thank you|What would I do without you]?"
end:
    From then on, {h} [always put the {o} back in its place|took good care of the {o}|knew where {h.his} {o} was].
    <friends_end>
    <evening_end>
    {h} [promised|told {g}] to put the {o} [away|back] every evening, and {h.he} did.
    {h} learned that [it is easier to find things together|a lost thing can be found if you do not give up].
"""


def cast_runaway(draw: Draw) -> Words:
    """A pet that runs away, the reason, and the neighbor who has it."""
    words: Words = {}
    add_children(words, draw, "h")
    add_family(words, draw)
    add_neighbor(words, draw)
    add_pet(words, draw)
    add_weather(words, draw)
    return words


RUNAWAY = """
story:
    <hello> <pet> // <gone> <search> // <ask> <meet> // <joy> <end>
    <pet> <love> // <gone> <sad_h> // <search> <ask> // <meet> <joy> <end>
    <hello> <pet> <love> // <gone> <search> // <ask> <meet> <joy> // <end>
pet:
    {h} had a {b.long} [named|called] {b}.
    {h} and {h.his} {b.kind} {b} were [best friends|always together].
    At {h}'s house lived a {b.long}. {^b.his} name was {b}.
    The best friend {h} had was a {b.long} named {b}.
    For {h.his} birthday, {h} had been given a {b.long}. {^h.he} named {b.him} {b}.
love:
    {b} [slept|lay] at the foot of {h.his} bed [each|every] night and [woke|greeted] {h.him} [each|every] morning.
    Every day after school, {b} waited for {h.him} [at the gate|by the door].
    {b} liked {b.food} and a [warm place in the sun|scratch behind the ears|nap after lunch].
    When {h} was sad, {b} came and [sat|lay] down close to {h.him}. When {h} was happy, {b} [jumped|danced] around
        {h.him}.
    {h} told {b} [everything|all {h.his} secrets], and {b} never told anyone.
gone:
    <one_day> somebody left the [gate|door] open. When {h} came [outside|home], {b} was gone.
    <one_day> there was a loud [bang|crash|noise] in the street. {b} [got scared|jumped up] and ran away.
    <one_day> {b} saw a [butterfly|bird|leaf] and went after it, [out of the gate|down the street|around the corner].
        {^b.he} did not come back.
    One [day|afternoon], {h} came home from school, and nobody was waiting for {h.him}. {b}'s place was empty, and the
        window was open.
    <one_day> {h} and {b} were in the garden. There was a hole in the fence, and [in a moment|before {h} could do
        anything], {b} had slipped through it.
search:
    {h} looked [in the garden|in the shed|behind the house]. {^h.he} looked [up and down the street|under every
        bush|behind every tree]. "{b}! {b}! Where are you?" {h.he} [called|shouted].
    {h} called and called, but no {b.kind} came. {^h.he} put {b.food} [in front of|next to] the door and waited.
    {g} took {h.him} by the hand, and they [looked|searched] [everywhere|all over town]. They asked [the baker|the
        mailman|a girl with a red bike], but nobody had seen a {b.kind}.
    {h} [drew|made] a picture of {b} and wrote "LOST" on it. {g} helped {h.him} to put it up [at the store|on a big
        tree].
ask:
    Then {h} had an idea. {b} loved {b.food}. Who had {b.food}? {n} did!
    At last {h} came to the house of {n}. {^h.he} knocked on the [door|window].
    Then {h.he} heard [something|a sound]. Somebody {b.sound}! It came from the house of {n}.
    {h} looked down and saw [tiny|small] footprints in the mud. They went around the corner, along the fence, and up
        to the door of {n}.
    A [boy|girl] with a blue hat had seen a {b.kind} near the house of {n}. {h} ran there as fast as {h.he} could.
meet:
    {n} opened the door, and behind {n.him} [sat|stood] {b}! "[This little fellow|Your friend] was [hungry|cold and
        scared]," said {n}. "So I gave {b.him} {b.food}."
    "Are you looking for somebody?" asked {n}. {b} [came running|jumped up] and {b.sound} [loudly|happily].
    {n} [smiled|laughed]. "[Come in|Come and look]," {n.he} said. There on the [rug|old sofa] lay {b}, [fast asleep|as
        if nothing had happened].
    {n} was sitting in the garden, and {b} was on {n.his} lap, with {b.food} right in front of {b.him}. "So you have a
        home after all," {n} said to {b.him}.
joy:
    {h} [held {b} close|hugged {b} again and again]. "I [missed you|was so worried]!" {h.he} [said|whispered]. {b}
        {b.sound}.
    {h} [laughed and cried|was so happy that {h.he} cried]. "Thank you, {n}," {h.he} said. "You [took good care of
        {b.him}|were so kind]."
    "Thank you for taking care of {b.him}," said {g}. {h} could not say a word. {^h.he} just held {b} in {h.his} arms.
    {b} {b.sound}, and {h} laughed for the first time that day. "Never do that again," {h.he} said and held {b.him}
        [close|tight].
end:
    From that day on, {h} [always closed the gate|looked twice at the gate]. And every [Sunday|week], {h} and {b}
        visited {n}.
    The next day, {h} [baked|brought] [a cake|cookies] for {n} [to say thank you|as a thank-you].
    That night, {b} slept [in {h.his} bed|on {h.his} pillow], [and nobody minded|closer than ever].
    {b} never ran away again, [and {h} never forgot to close the gate|for home was the best place of all].
"""

KINDS = (
    Kind("lost", cast_lost, LOST),
    Kind("runaway", cast_runaway, RUNAWAY),
)
