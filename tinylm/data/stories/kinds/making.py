"""Stories about making something: a gift, a plant in a pot, a high tower, bread that takes its time."""

from tinylm.data.stories.engine import Draw
from tinylm.data.stories.kinds.kind import Kind
from tinylm.data.stories.nature import add_weather
from tinylm.data.stories.people import Words, add_child, add_children, add_family, add_parent
from tinylm.data.stories.things import DISHES, GIFTS, PLANTS, TOWERS, add_activity, filled, values

__all__ = ["KINDS"]


def cast_gift(draw: Draw) -> Words:
    """A child, somebody with a birthday, a parent who helps, and a present with what it is made of."""
    words: Words = {}
    add_children(words, draw, "h", "f")
    add_parent(words, draw, "n")
    while words.get("g.kin") in (None, words["n.kin"]):
        add_family(words, draw)
    add_activity(words, draw)
    add_weather(words, draw)
    gift, adjective, materials, making = draw.pick(GIFTS)
    make, made = values(making)
    if draw.below(3) == 0:
        words["?sad"] = ""
    words.update({"o": gift, "o.long": f"{adjective} {gift}", "o.of": materials, "o.make": make, "o.made": made})
    return words


GIFT = """
story:
    <hello> <birthday> // <no_money> <idea> // <collect> <work> // <mishap> <finish> // <give> <end>
    <birthday> <no_money> // <idea> <collect> <work> // <mishap> <finish> // <give> // <end>
    <hello> <likes> // <birthday> <idea> // <collect> <work> <mishap> // <finish> <give> <end>
birthday:
    ?!sad: [Tomorrow|In three days|On Sunday] it would be {g}'s birthday, and {h} wanted to give {g.him} something
        special.
    ?!sad: It was almost {g}'s birthday. "What can I give {g.him}?" {h} asked {h.himself}.
    ?sad: {g} was [sad|tired] that week, so {h} wanted to make {g.him} [happy|smile].
    ?sad: "Why is {g} so [quiet|sad]?" {h} asked. "{^g.he} [misses {g.his} old friends|has had a hard week]," said
        {n}. {h} wanted to make {g.him} [happy|laugh] again.
    ?sad: {g} was sick and had to stay in bed for a whole week. {h} wanted to [cheer {g.him} up|make {g.him} smile].
    ?!sad: {h} loved {g} very much. For {g.his} birthday, it had to be a [wonderful|special] present.
no_money:
    {h} looked into {h.his} piggy bank. There was [only one penny|nothing but a button|not very much] in it.
    In the store, {h.he} saw many [lovely|fine] things, but they [cost too much|were not right].
    {h} asked {h.his} friend {f}. "Buy {g.him} a hat," said {f}. But {h} did not have any money.
    {h} counted {h.his} pennies. There were only seven, and seven pennies are not enough for a present.
    {h} thought of a [hat|book|ring], but {g} already had [ten|plenty] of those.
idea:
    Then {h} had an idea. {^h.he} would {o.make} a {o.long}!
    "I know!" {h.he} [cried|thought]. "I will {o.make} a {o}. Nobody else in the world will have one like it."
    "The best presents do not come from a store," said {n}. So {h} decided to {o.make} a {o}.
    Then {h} remembered what {g} had said. "I always wanted a {o}." {h} [smiled|jumped up]. "I can {o.make} one,"
        {h.he} thought.
    That night, {h} lay awake. All of a sudden, {h.he} sat up in bed. A {o.long}! That was it!
collect:
    {^h.he} needed {o.of}. {n} helped {h.him} to find everything.
    First {h.he} [looked for|got] {o.of}. {^h.he} put it all on [the kitchen table|the floor of {h.his} room].
    "What do you need?" asked {n}. "{o.of}," said {h}. {n} found it all in [an old box|the closet].
    It was not easy to find {o.of}. {h} looked all over the house, and {n} helped {h.him}.
work:
    {h} worked [all afternoon|for three days|every day after school]. {^h.his} [cheeks were red|fingers hurt], but
        {h.he} did not stop.
    {h} closed the door so that {g} would not see. [Slowly|Bit by bit], the {o} [took shape|got better and better].
    ?!sad: "What are you doing in there?" asked {g}. "[Nothing|It is a secret]!" {h} called, and hid it
        [quickly|behind {h.his} back].
    {h} listened for footsteps. Whenever {g} came by, {h.he} hid everything under the [bed|table].
    The first try did not look like a {o} at all. The second one was [a bit better|almost right]. The third one was
        just right.
mishap:
    Once, {h} made a mistake and had to [start again|begin all over]. {^h.he} [sighed|took a deep breath] and started
        over.
    One side was a little crooked. {h} was [worried|not happy]. "[It is perfect like that|That is how {g} will know
        who made it]," said {n}.
    When it was [almost|nearly] done, {h} [sat on it|dropped it] by accident! But {n} helped {h.him} to [fix it|make
        it right].
    {n} looked at it and said, "It is lovely, but something is missing." {h} thought hard. Then {h.he} put a [tiny
        heart|little star|gold ribbon] on it.
finish:
    At last the {o} was ready. {h} wrapped it in [red|blue|old] paper and tied a [ribbon|string] around it.
    When it was done, {h} looked at it [for a long time|from all sides]. It was not like the ones in the store. It was
        better.
    {h} put the {o} in a box, and {h.his} friend {f} painted [stars|flowers|hearts] on the lid.
    "It is done!" {h} whispered to {n}. They put it in the closet, behind the coats, where {g} would never look.
give:
    [?!sad: On the big day|?sad: In the evening], {h} gave the present to {g}. {^g.he} opened it [slowly|carefully].
        "You {o.made} a {o}, just for me?" {g.he} asked, and {g.his} eyes [were wet|shone].
    ?sad: "This is for you," {h} said [shyly|softly]. {g} opened the box and a big smile came over {g.his} face. "Now
        I feel better," {g.he} said.
    ?!sad: "Happy birthday!" {h} [cried|shouted] in the morning. {g} opened the box and [could not speak|put {g.his}
        hand on {g.his} heart]. "It is the most beautiful {o} I have ever seen," {g.he} said.
    {h}'s heart was beating fast when {g} opened the present. "Oh, {h}!" {g} [cried|said]. "This must have taken so
        much time."
    {h} could not wait any longer. {^h.he} put the present into {g}'s hands. "I made it for you," {h.he} said. {g}
        looked at the {o}, and then {g.he} looked at {h}, and for a moment {g.he} could not say anything.
end:
    {g} <hugged>. "You gave me your time," {g.he} said. "That is the best present [of all|there is]."
    {g} [kept|put] the {o} where everyone could see it, and {h} was proud each time {h.he} [walked by|came to visit].
    {h} learned that a present [does not have to cost anything|is best when it comes from the heart].
    After that, {h} made presents for everybody. {^h.his} friend {f} got the next one.
"""


def cast_plant(draw: Draw) -> Words:
    """A child, a seed, what grows from it, and somebody who knows about gardens."""
    words: Words = {}
    add_children(words, draw, "h", "f")
    add_family(words, draw)
    add_activity(words, draw)
    add_weather(words, draw)
    many, one, looks, seed = draw.pick(PLANTS)
    words.update({"o": one, "o.many": many, "o.looks": looks, "o.seed": seed})
    return words


PLANT = """
story:
    <hello> <seed> // <sow> <wait> // <doubt> <patience> // <sprout> <care> // <grown> <end>
    <seed> <sow> // <wait> <doubt> // <patience> <sprout> <care> // <grown> // <end>
    <hello> <likes> // <seed> <sow> <wait> // <doubt> <patience> // <sprout> <grown> <end>
seed:
    <one_day> {g} gave {h} a [tiny|small] {o.seed}. "[Take care of it|Look after it], and {o.many} will grow from it,"
        {g.he} said.
    <one_day> {h} found a {o.seed} in {h.his} pocket. "What is that?" {h.he} asked. "That is a {o.seed}," said {g}.
        "It wants to be a {o} one day."
    {h} wanted to grow something of {h.his} own, so {g} gave {h.him} a {o.seed} [in a paper bag|and an old pot].
    At the market, {h} saw a {o.seed} in a tiny bag. "What will it be?" {h.he} asked. "Wait and see," said {g}, and
        bought it for {h.him}.
sow:
    {h} filled a pot with [dark|soft|good] earth, made a hole with {h.his} finger, and dropped the {o.seed} in.
    {h} dug a little hole [in the garden|beside the fence] and laid the {o.seed} in it. Then {h.he} [covered it with
        earth|closed the hole] and gave it water.
    "Good night, little {o.seed}," said {h}, and {h.he} covered it with a blanket of earth.
    {g} showed {h.him} how deep to dig. {h} laid the {o.seed} in the earth, gave it [some|a cup of] water, and [said
        good night to it|put a stick next to it].
wait:
    Every [morning|day], {h} gave it [a little|some] water and [looked|waited]. Nothing happened.
    The first day, nothing happened. The second day, nothing happened. On the third day, {h} [talked|sang] to it, but
        still nothing happened.
    {h} sat down next to it and watched. A [snail|beetle|ladybug] came by, but no {o}.
    Each morning, {h} ran outside in {h.his} [pajamas|bare feet] to look. There was nothing but brown earth.
doubt:
    "It does not work," {h} said [sadly|to {h.his} friend {f}]. "Maybe it is [broken|asleep]."
    "Let us dig it up and see what it is doing," said {f}, {h.his} friend from [school|next door]. {h} [already had
        the shovel in {h.his} hand|almost did it].
    {h} gave it too much water, and {h.he} gave it too much sun. {^h.he} [moved it here and there|was in too much of a
        hurry].
    {h}'s friend {f} looked into the pot. "I think it is dead," said {f}. {h} [was worried|felt like crying].
    After a week, {h} was tired of waiting. "It is never going to grow," {h.he} said.
patience:
    {g} laughed [softly|kindly]. "A {o.seed} works in the dark, where you cannot see it," {g.he} said. "You have to
        wait."
    "Growing takes time," {g} [explained|said]. "You did not get big in one [day|week] either."
    "Give it time," said {g}. "It is making roots first. [You cannot pull on a plant to make it taller|Nobody can
        hurry a {o}]."
    {g} put a hand on {h.his} shoulder. "Under the earth, it is very busy," {g.he} said. "It just has nothing to show
        us yet."
sprout:
    Then, [one morning|after ten days|after a night of rain], {h} saw something green. It was [as small as a
        fingernail|as thin as a thread]. "It is alive!" {h.he} [shouted|cried].
    One [morning|day], there was a crack in the earth. A tiny green [leaf|head] looked out. {h} [did not dare to
        breathe|ran to tell everyone].
    And at last a green leaf [came out|pushed through the earth]! {h} was so happy that {h.he} danced around [the
        pot|it].
    One day, {h} almost forgot to look. And that was the day when there was something green, as thin as a hair and as
        bright as the sun.
care:
    {h} [gave it water|took care of it] every day, but not too much. {^h.he} [pulled out the weeds|kept the snails
        away] and tied it to a stick when the wind was strong.
    Soon it was as high as {h.his} [hand|knee]. {^h.his} friend {f} came [every Sunday|each week] to [see|measure] it.
    When it was hot, {h} carried it into the shade. When it was cold, {h.he} [took it inside|put a jar over it].
    First there were two leaves, then four, then too many to count. {h} watered it and kept the [birds|snails] away.
    {h} told it stories in the evening. {g} said that plants like to hear a kind voice.
grown:
    By the end of summer, there were {o.many}, {o.looks}. {h} counted them [twice|again and again].
    Weeks went by, and at last there were {o.many}! They were {o.looks}, just as {g} had said.
    All summer it grew and grew. Then one day, {h} saw the first of the {o.many}. It was [perfect|the most beautiful
        thing {h.he} had ever seen].
    When the days were long and hot, there they were: {o.many}, {o.looks}. The neighbors stopped at the fence to look.
end:
    {^h.he} gave [some|the best ones] to {g} and to {h.his} friends. "[I made them|They grew] with water, sun, and
        waiting," {h.he} said.
    {h} learned to wait. Good things need time.
    {h} kept one {o.seed} for the next spring. Then it would all begin again.
    "See?" said {g}. "You waited, and it was worth it." {h} [smiled|nodded] proudly.
"""


def cast_tower(draw: Draw) -> Words:
    """Two children who build something, and what destroys it."""
    words: Words = {}
    add_children(words, draw, "h", "f")
    add_parent(words, draw)
    add_activity(words, draw)
    add_weather(words, draw)
    if draw.below(3) == 0:
        words["?two"] = ""
    what, adjective, of, where, disaster, better = draw.pick(TOWERS)
    words.update({"o": what, "o.long": f"{adjective} {what}", "o.of": of, "o.in": where})
    words.update({"o.falls": disaster, "o.better": better})
    return words


TOWER = """
story:
    ?two: <hello_two> // <one_day> <start> <build> // <falls> <upset> // <cheer> <again> // <success> <end>
    ?!two: <hello> <likes> // <one_day> <start> <build> <falls> // <upset> <cheer> // <again> <success> // <end>
    ?!two: <one_day> <start> // <build> <falls> <upset> // <cheer> <again> // <success> <end>
start:
    {h} and [?!two: {h.his} friend|?two: ] {f} wanted to build a {o.long} {o.in}.
    {h} had a plan. "Let us build a {o.long}!" {h.he} said to [?!two: {h.his} friend|?two: ] {f}. "The best one in the
        world!"
    {h} and [?!two: {h.his} friend|?two: ] {f} had {o.of}, and they had [a lot of|plenty of] time. "We can build a {o}
        {o.in}," said {f}.
    {h} was bored. "What shall we do today?" {h.he} asked. [?!two: {^h.his} friend {f}|?two: {f}] pointed at {o.of}.
        "Let us build a {o} {o.in}!" {f.he} said.
build:
    They used {o.of}. {h} did the bottom part, and {f} did the top.
    They worked [hard|all morning|without a word]. {f} brought {o.of}, and {h} put everything in its place.
    They set to work. "[A bit more here|Careful|Be careful]!" said {f}. "[A bit more there|Not so fast|Slowly now]!"
        said {h}. Soon it was almost done.
    {h} held everything still while {f} put the pieces together. After an hour, it really looked like a {o}.
    First they made a drawing. Then they got {o.of}, and they did not even stop for lunch.
falls:
    Then {o.falls}. [In one moment|All at once], the {o} was [gone|ruined].
    They had just finished when {o.falls}. There was nothing left of the {o}.
    They were just going to show it to {g}. But {o.falls}, and that was the end of the {o}.
    {h} took one step back to look at it. At that very moment, {o.falls}. The {o} was gone.
upset:
    {f} [stared at the mess|sat down on the ground]. "All that work," {f.he} said [sadly|in a small voice].
    {h} was so [angry|sad] that {h.he} wanted to [shout|run away|cry]. "I will never build anything again!" {h.he}
        said.
    For a while, neither of them spoke. {f} had tears in {f.his} eyes.
    {h} and {f} looked at each other with open mouths. It had taken them the whole [day|morning].
    "No, no, no!" cried {h}. {f} put {f.his} hands over {f.his} eyes.
cheer:
    But then {h} [looked up|had a thought]. "We know how to do it now," {h.he} said. "The second time, it will be
        [faster|better]."
    {g} [came to see|had seen it all]. "What did you learn from the first one?" {g.he} asked. {h} and {f} looked at
        each other. They had learned a lot!
    {f} began to giggle. "Did you see how it fell?" {f.he} asked. Then {h} had to laugh too. They laughed until they
        could not [stand|breathe].
    "Are you going to give up?" asked {g}. {h} looked at {f}, and {f} looked at {h}. They shook their heads.
again:
    So they started again. This time, {o.better}.
    "Let us think first," said {f}. Together they made a plan. This time, {o.better}.
    They [rolled up|pushed up] their sleeves and began from the start. {o.better}.
    They talked about what had gone wrong, and then they tried again. {o.better}.
success:
    By [supper|evening], the new {o} was [finished|ready]. It was [bigger|stronger|even more beautiful] than the first
        one.
    The new {o} stood [firm|strong]. They [danced around it|clapped their hands|shouted for joy].
    {g} came to look. "What a [beautiful|splendid] {o}!" {g.he} said. "[I could not do it better|You can be proud]."
    It took until the evening. But in the end, there it was: a {o.long}, and this time it did not fall.
end:
    <friends_end>
    They learned that when something falls down, you can [build|make] it again, and better.
    "I am glad that the first one fell," {h} said that evening. "The second one was more fun."
    {h} would never forget that day. <friends_end>
"""


def cast_patience(draw: Draw) -> Words:
    """A child in a hurry, a dish that takes its time, and what comes of hurrying."""
    words: Words = {}
    add_child(words, draw)
    add_family(words, draw)
    add_activity(words, draw)
    add_weather(words, draw)
    dish, steps, hurry, spoiled, right = filled(draw.pick(DISHES), words)
    words.update({"o": dish, "o.steps": steps, "o.hurry": hurry, "o.spoiled": spoiled, "o.right": right})
    return words


PATIENCE = """
story:
    <hello> <quick> // <one_day> <begin> <steps> // <hurry> <spoiled> // <wise> <again> // <waiting> <eat> <end>
    <hello> <begin> // <steps> <hurry> <spoiled> // <wise> // <again> <waiting> // <eat> <end>
    <one_day> <begin> <steps> // <quick> <hurry> // <spoiled> <wise> // <again> <waiting> <eat> // <end>
quick:
    {h} did everything fast. {^h.he} [ate|talked] fast, ran fast, and even [slept|brushed {h.his} teeth] fast.
    {h} hated to wait. "Is it ready yet?" was what {h.he} said most often.
    "Hurry, hurry!" was {h}'s favorite word.
    If something took longer than a minute, {h} began to hop from one foot to the other.
    {h} was always the first to finish and the last to [check|clean up].
begin:
    {h} and {g} were going to make {o}.
    {g} was making {o}, and {h} was allowed to help.
    {h} looked at {g}. "Can I make {o}?" {h.he} asked. "Yes, if you [do it step by step|are patient]," said {g}.
    It was {g}'s birthday the next day, and {h} wanted to make {o} for {g.him}. "I will show you how," said {g}.
steps:
    First {g} explained it. "{o.steps}," {g.he} said. {h} [nodded, but {h.he} did not really listen|listened with one
        ear].
    {g} [read from|opened] the old cookbook. "{o.steps}," {g.he} [read|said].
    {h} put on [a big apron|an apron that was too long]. "{o.steps}," said {g}.
    {g} bent down to {h.him}. "There is only one secret," {g.he} said. "{o.steps}." {h} [looked at the clock|was
        already thinking of the first bite].
hurry:
    "That takes too long," {h} thought. When {g} [was not looking|left the kitchen], {h.he} {o.hurry}.
    When {g} went out to [feed the hens|get some wood|talk to a neighbor], {h} {o.hurry}.
    {h} could not wait any longer. {^h.he} {o.hurry}.
    {g} had to answer the door. As soon as {g.he} was gone, {h} {o.hurry}.
spoiled:
    What a mess! {o.spoiled}.
    [Soon|Before long], {h.he} saw what {h.he} had done. {o.spoiled}.
    Oh dear! {o.spoiled}. {h}'s face turned red.
    When {g} came back, {h} was standing there with a long face. {o.spoiled}.
    It did not go well. {o.spoiled}. {h} wanted to hide under the table.
wise:
    {g} came back and [looked at it|saw it]. {^g.he} was not angry. "[Fast is not always good|Some things cannot be
        hurried]," {g.he} said.
    "I only wanted it to be ready," said {h}. {g} [smiled|put an arm around {h.him}]. "Waiting is part of the recipe,"
        {g.he} said.
    "[I am sorry|I spoiled it]," said {h}. "When I was small, I did the very same thing," said {g}, and they both
        laughed.
    {g} sat down on a chair and began to laugh. "Well, now you know why we wait," {g.he} said. Then {h} had to laugh
        too.
again:
    They cleaned the kitchen and [started|began] again. This time, {h} did everything in the right order.
    So they began once more. {h} [counted every spoon|measured everything twice] and did not skip anything.
    {h} asked {g} if they could try again. {^h.he} washed {h.his} hands, and {g} got [a clean bowl|a clean pot].
    {h} washed the pots, and {g} dried them. Then they began again, slowly and carefully.
waiting:
    While they waited, {g} told {h.him} a story about [a bear|the sea|when {g.he} was little]. The time [flew by|went
        by quickly].
    It was hard to wait. {h} [looked out of the window|sang a song|counted to one hundred] and did not [peek|touch
        anything].
    They sat by the window, played a game of cards, and waited. A [lovely|wonderful] smell filled the house.
    {h} put both hands in {h.his} pockets so that they would not touch anything. It was the longest hour of {h.his}
        life.
eat:
    And then {o.right}. {h} [closed {h.his} eyes and took a bite|had two helpings].
    At last {o.right}. "[It was worth it|This is the best I have ever had]!" said {h} [with a full mouth|happily].
    When it was time, {o.right}. Everyone [wanted more|came to taste it].
    {h} looked at {g}. "Now?" {h.he} asked. "Now!" said {g}. And {o.right}.
end:
    {h} learned that [good things take time|waiting can make a thing taste better].
    After that, when {h} was in a hurry, {h.he} [thought of|remembered] that day and [slowed down|took a deep breath].
    {h} still ran fast. But when there was something to cook, {h.he} was as slow as a snail.
    <evening_end>
"""

KINDS = (
    Kind("gift", cast_gift, GIFT),
    Kind("plant", cast_plant, PLANT),
    Kind("tower", cast_tower, TOWER),
    Kind("patience", cast_patience, PATIENCE),
)
