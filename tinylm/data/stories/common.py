"""The rules that many kinds of story share: openings, days, feelings, thanks, endings. Templates, no code.

Roles: `h` the hero, `f` a friend, `g` a grown-up of the family, `act` what the hero loves, `w` the weather.
A kind's own rules come after these and replace those of the same name.
"""

__all__ = ["COMMON"]

COMMON = """
hello:
    Once upon a time, there was a [little|young|small] {h.child} [named|called] {h}.
    {h} was a <nice> {h.child} who lived in a [little|small|white|yellow|brick] house [on a hill|by the river|near the
        woods|with a green door|at the end of the street].
    There was once a <nice> {h.child} whose name was {h}.
    In a [quiet|small|pretty] [town|village] [by the sea|near the mountains|far away] lived a <nice> {h.child} named
        {h}.
    {h} was [four|five|six|seven] years old and [small for {h.his} age|very curious|full of ideas|always in a hurry].
    Long ago, in a house full of [books|clocks|cats|flowers|music], there lived a {h.child} named {h}.
    {h} was the youngest {h.child} [in the village|on the street|in {h.his} family].
    This is a story about {h}, a <nice> {h.child} with [curly hair|red boots|a big smile|freckles|bright eyes].
    Not so long ago, a <nice> {h.child} lived [above a bakery|next to the school|in an old mill|at the edge of town].
        {^h.his} name was {h}.
    Once there was a {h.child} called {h}, who [asked a hundred questions a day|could not sit still|always wore red
        boots|never went out without a hat].
    {h} was a {h.child} with [curly hair|freckles|a big smile], and everyone in [the village|town] liked {h.him}.
likes:
    {^h.he} loved {act.doing}.
    {^h.he} liked to {act.do} [every day|all day long|whenever {h.he} could|before breakfast|after school].
    More than anything, {h.he} liked to {act.do}.
    Nothing made {h.him} happier than {act.doing}.
    Most days {h.he} {act.did} until it was time for supper.
    {^h.he} could {act.do} for hours [and never get tired|without getting bored].
    {^act.doing} was what {h} liked best.
    Every [Sunday|Saturday|week], {h.he} {act.did} with {h.his} [sister|brother|cousin].
    {^h.he} {act.did} on Mondays, on Tuesdays, and on every other day of the week.
hello_two:
    {h} and {f} were [best|good] friends. They lived [on the same street|next door to each other|in the same tall
        house|in the same small town].
    Once upon a time, there were two {both} named {h} and {f}. They [did everything together|were the best of
        friends|played together every day].
    {h} had a [good|best] friend named {f}. They [met|played] [every afternoon|after school|every day|on Saturdays].
    Everyone in town knew {h} and {f}, because the two friends were always together.
    {h} lived in a [red|tall|small] house, and {f} lived right across the street. They had been friends since they
        were [babies|very small|two years old].
    {h} and {f} sat next to each other in school. They [shared everything|laughed a lot|told each other every secret].
    Not a day went by when {h} and {f} did not play together.
    This is a story about two friends, {h} and {f}. They [liked the same games|lived on the same street|had known each
        other for years].
nice:
    kind
    cheerful
    clever
    quiet
    curious
    friendly
    brave
    gentle
    lively
    shy
one_day:
    One day,
    One {w} [morning|day|afternoon],
    On a {w} [morning|day|afternoon],
    One {w} [Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday],
    [Early one|One] morning,
    One afternoon,
    One day [in spring|in summer|after school|after lunch|last week],
    It was a {w} [morning|day|afternoon], and
went:
    went
    walked
    skipped
    ran
    hurried
hugged:
    gave {h.him} a [big|long|warm] hug
    hugged {h.him} [tightly|for a long time]
    took {h.him} in {g.his} arms
    put an arm around {h.him}
sad_h:
    {h} felt [sad|very sad|terrible|like crying].
    Tears [ran down {h}'s cheeks|filled {h}'s eyes|came to {h}'s eyes].
    {h} [sat down and cried|wanted to cry|began to cry|had a lump in {h.his} throat].
    {h}'s [lip began to shake|heart felt heavy|eyes grew wet].
evening_end:
    That [night|evening], {h} fell asleep with a smile [on {h.his} face|].
    When {h.he} went to bed that night, {h.he} was still smiling.
    It had been a [wonderful|very good|long and happy] day.
    And that was the best [part of the day|day of the whole week].
    At supper, {h} told the [whole|] story [twice|three times|from start to end], and everyone
        [listened|laughed|clapped].
    {h} dreamed about it all night long.
    {h} could hardly wait for the next day.
    When the stars came out, {h} was [tired|sleepy] but [very|] happy.
    "What a day!" said {h} and yawned. {g} [tucked {h.him} in|kissed {h.him} good night] and turned off the light.
    Before {h.he} fell asleep, {h} [thought of it once more|told {h.his} pillow all about it].
friends_end:
    They were [good|better|the best of] friends from that day on.
    After that, they played together [every day|whenever they could].
    And the two friends [walked|went|ran] home [hand in hand|side by side|laughing and singing].
    They [stayed|remained] friends for [a long time|many years|the rest of their lives].
    The two of them laughed until their [bellies|sides|cheeks] hurt.
    From then on, you never saw one without the other.
    The next [day|morning|afternoon], they met again, and the day after that too.
    {h} waved until {f} was out of sight. "See you tomorrow!" {h.he} called.
    When they are old, they will still [laugh|talk] about that day.
"""
