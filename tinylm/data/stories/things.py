"""The objects of the stories: toys, foods, plants, presents, with what fits each of them. Data, no sentences.

A table is a text, a line a row (an indented line continues it), cells separated by `|`, values in a cell by commas.
"""

from tinylm.data.stories.engine import Draw
from tinylm.data.stories.people import Words

__all__ = [
    "ACTIVITIES",
    "BREAKABLES",
    "DISHES",
    "FOODS",
    "GIFTS",
    "INDOOR_SPOTS",
    "NOISES",
    "OUTDOOR_SPOTS",
    "PLANTS",
    "PRETEND",
    "SICK_GIFTS",
    "SKILLS",
    "TOWERS",
    "TOYS",
    "TRAPS",
    "WONDERS",
    "Row",
    "add_activity",
    "add_food",
    "add_toy",
    "filled",
    "table",
    "values",
]

Row = tuple[str, ...]


def table(text: str) -> tuple[Row, ...]:
    """Return the rows of a table, each a tuple of stripped cells; an indented line continues the row above it."""
    lines = text.replace("\n    ", " ").splitlines()
    return tuple(tuple(cell.strip() for cell in line.split("|")) for line in lines if line.strip())


def values(cell: str) -> list[str]:
    """Return the values of a cell."""
    return cell.split(", ")


# noun | adjectives | what one does with it: do, did, doing | where it hides indoors | where it hides outdoors
# | what happens to it in a quarrel: it tears, breaks, or only gets dirty
TOYS = table("""
ball | red, striped, bouncy, shiny | bounce it, bounced it, bouncing it | under the sofa, behind the door, in the bath
    | in the tall grass, under a bush, in the ditch |
teddy bear | soft, brown, fluffy, old | hug it, hugged it, hugging it | under the blanket, behind the sofa, in the
    laundry basket | on the swing, under the bench, beside the slide | tears
doll | little, pretty, soft, wooden | dress it up, dressed it up, dressing it up | under the bed, behind the curtain,
    on the stairs | on the bench, under the slide, beside the path | tears
toy car | blue, fast, tiny, yellow | race it, raced it, racing it | under the table, behind the bookcase, inside a
    shoe | in the sandbox, under the bench, beside the path | breaks
kite | orange, purple, big, bright | fly it, flew it, flying it | on top of the closet, behind the door, under the bed
    | in a tree, behind the shed, on top of the fence | tears
toy boat | wooden, little, white, green | sail it, sailed it, sailing it | in the bath, under the sink, behind the
    bucket | among the reeds, under the bridge, behind a big rock | breaks
drum | round, loud, red, small | play it, played it, playing it | under the bed, behind the sofa, inside the big box |
    under the bench, behind the shed, beside the gate | tears
puzzle piece | flat, blue, tiny, pink | look at it, looked at it, looking at it | under the rug, inside a book, behind
    the radiator | on the steps, under the bench, beside the path |
hat | warm, yellow, funny, red | wear it, wore it, wearing it | behind the armchair, under the coats, on top of the
    piano | on top of the hedge, in a tree, under the slide | tears
scarf | woolly, long, striped, warm | wear it, wore it, wearing it | under the coats, behind the door, on the stairs |
    on the fence, on a low branch, under the swing | tears
toy train | green, shiny, long, noisy | push it, pushed it, pushing it | under the bed, behind the curtain, inside the
    big box | in the sandbox, beside the path, under the bench | breaks
whistle | silver, tiny, shiny, loud | blow it, blew it, blowing it | inside a shoe, under the pillow, in a coat pocket
    | in the sandbox, in the tall grass, under a leaf | breaks
toy robot | silver, tall, funny, square | wind it up, wound it up, winding it up | under the sofa, behind the
    bookcase, on top of the closet | under the bench, beside the slide, behind the shed | breaks
spoon | silver, wooden, tiny, old | dig with it, dug with it, digging with it | behind the stove, under the table,
    inside the teapot | in the sandbox, under a bush, beside the flowers | breaks
lantern | golden, little, round | carry it, carried it, carrying it | on top of the closet, under the stairs, behind
    the curtain | on a low branch, behind the shed, beside the pond | breaks
crayon | blue, golden, short, green | draw with it, drew with it, drawing with it | under the rug, behind the
    radiator, in a coat pocket | on the steps, beside the path, under a leaf | breaks
marble | blue, round, shiny, green | roll it, rolled it, rolling it | under the sofa, inside a shoe, behind the piano
    | in the tall grass, in the sandbox, under a leaf |
book | thick, little, old, blue | read it, read it, reading it | under the pillow, behind the sofa, on top of the
    piano | on the bench, under the tree, beside the pond | tears
""")

# Where one looks in vain: the place in a sentence "They looked ...".
INDOOR_SPOTS = (
    "under the bed", "behind the sofa", "in the kitchen", "under the table", "in the closet", "behind the curtain",
    "in the toy box", "under the rug", "in the bath", "behind the door", "under the pillow", "in every drawer",
)  # fmt: skip
OUTDOOR_SPOTS = (
    "under the bench", "behind the big tree", "in the tall grass", "beside the path", "under a bush",
    "behind the shed", "near the gate", "in the sandbox", "around the pond", "along the fence", "under the slide",
)  # fmt: skip

# do | did | doing, what a child loves
ACTIVITIES = table("""
climb trees | climbed trees | climbing trees
sing songs | sang songs | singing songs
paint pictures | painted pictures | painting pictures
run in the grass | ran in the grass | running in the grass
look at the clouds | looked at the clouds | looking at the clouds
jump in puddles | jumped in puddles | jumping in puddles
tell jokes | told jokes | telling jokes
build towers | built towers | building towers
dance in the kitchen | danced in the kitchen | dancing in the kitchen
ride a bike | rode a bike | riding a bike
look for shiny stones | looked for shiny stones | looking for shiny stones
read books | read books | reading books
help in the garden | helped in the garden | helping in the garden
play hide and seek | played hide and seek | playing hide and seek
count the stars | counted the stars | counting the stars
listen to stories | listened to stories | listening to stories
watch the birds | watched the birds | watching the birds
make mud pies | made mud pies | making mud pies
""")

# some of it | the whole noun | it or them | how it tastes | one share of it
FOODS = table("""
a chocolate cake | cake | it | sweet | a big slice
two cheese sandwiches | sandwiches | them | tasty | a sandwich
a bag of nuts | nuts | them | crunchy | a handful of nuts
a basket of strawberries | strawberries | them | sweet | half of the strawberries
a red apple | apple | it | juicy | half of the apple
a warm pancake | pancake | it | soft | half of the pancake
a bowl of cherries | cherries | them | sweet | a handful of cherries
six little cookies | cookies | them | crunchy | three cookies
a bunch of grapes | grapes | them | juicy | half of the grapes
a warm apple pie | pie | it | delicious | a big slice
a ripe peach | peach | it | juicy | half of the peach
four sticky buns | buns | them | sticky and sweet | two buns
""")

# plural | one | color or look | seed
PLANTS = table("""
sunflowers | sunflower | tall and yellow | seed
tomatoes | tomato plant | round and red | seed
beans | bean plant | long and green | bean
pumpkins | pumpkin plant | big and orange | seed
carrots | carrot | long and orange | seed
tulips | tulip | bright and red | bulb
daisies | daisy | white and yellow | seed
strawberries | strawberry plant | small and sweet | seed
""")

# the present | adjective | what it is made of: three things | the making: make, made
GIFTS = table("""
card | colorful | paper, crayons, and glue | draw, drew
necklace | pretty | string, shells, and beads | make, made
birdhouse | wooden | boards, nails, and paint | build, built
scarf | woolly | soft yarn and two needles | knit, knitted
picture frame | golden | sticks, glue, and paint | make, made
paper crown | shiny | golden paper, glue, and stars | make, made
cake | little | flour, eggs, and honey | bake, baked
clay bowl | smooth | wet clay and blue paint | shape, shaped
puppet | funny | an old sock, two buttons, and some yarn | sew, sewed
flower pot | bright | an old pot, a brush, and paint | paint, painted
""")

# do | doing | did it well | what goes wrong at first | advice
SKILLS = table("""
ride a bike | riding a bike | rode all the way down the street | The bike wobbled and tipped over | Look ahead and
    keep pedaling
swim | swimming | swam all the way to the ladder | Water went up {h.his} nose | Kick your legs and blow bubbles
skate | skating | skated around the whole pond | {^h.his} feet slipped away and {h.he} sat down hard | Bend your knees
    and take small steps
whistle a tune | whistling | whistled a whole song | Nothing came out but air | Make your lips small and blow gently
tie {h.his} shoes | tying shoes | tied both shoes in neat bows | The knot fell apart at once | Make two loops like
    rabbit ears
jump rope | jumping rope | jumped twenty times in a row | The rope caught on {h.his} toes | Listen to the rope and
    jump when it taps the ground
climb the rope | climbing the rope | climbed to the very top | {^h.his} hands slid back down | Hold on with your feet
    as well
fly a kite | flying a kite | kept the kite up until supper | The kite dived and hit the ground | Run into the wind and
    let the string out slowly
catch a ball | catching a ball | caught the ball ten times in a row | The ball bounced off {h.his} nose | Watch the
    ball all the way into your hands
bake bread | baking | baked a round golden loaf | The bread came out as hard as a stone | Let the dough rest until it
    is twice as big
play the flute | playing the flute | played a soft little song | It squeaked like a frightened mouse | Breathe slowly
    and cover every hole
swing high | swinging | swung higher than the fence | The swing only shook a little | Stretch your legs out when you
    go up
""")

# noun | adjective | how it breaks | how it is made good
BREAKABLES = table("""
vase | blue | {^h.his} elbow hit the table, and the vase tipped over | glued the pieces together, one by one, and put
    fresh flowers in the vase
cup | golden | The cup slipped out of {h.his} wet fingers | painted a new cup with tiny stars on it
lamp | green | {^h.he} threw a pillow, and it hit the lamp | went to the store and chose a new lamp
plate | painted | {^h.he} spun the plate on one finger, and it fell | made a picture out of the pieces and hung it on
    the wall
teapot | round | {^h.he} climbed on a chair to look inside, and the teapot slid off the shelf | planted a flower in
    what was left of the teapot
clock | wooden | {^h.he} swung {h.his} arms around, and the clock fell off the wall | took the clock apart and put it
    back together
mirror | little | {^h.he} made faces and stepped back too far, and the mirror fell down | bought new glass and set it
    in the old frame
jar | glass | {^h.he} wanted just one cookie, but {h.his} hand got stuck, and the jar rolled off the table | swept the
    floor and baked new cookies for a new jar
snow globe | pretty | {^h.he} shook the snow globe too hard, and it flew out of {h.his} hands | built a new one out of
    a jar, some water, and silver paper
""")

# what is built | adjective | what it is made of | where | how it is destroyed | how the second one is better
TOWERS = table("""
sand castle | grand | wet sand and shells | on the beach | a big wave rolled over it | they built it far away from the
    water and dug a deep ditch around it
tower | tall | blocks | on the rug | the cat jumped right into it | they shut the door and made the bottom twice as
    wide
tree house | small | boards and rope | in the old oak tree | a strong wind blew it down | they tied every board with
    three knots
raft | flat | logs and rope | by the river | the rope came loose and the logs floated away | they used a longer rope
    and pulled it as tight as they could
tent | cozy | sheets and chairs | in the living room | a chair slipped and the sheets came down | they put heavy books
    on the corners
bridge | strong | sticks and stones | over the little stream | the water washed it away | they used the biggest stones
    and put the sticks on top
fort | high | branches and leaves | in the woods | a branch broke and the walls fell in | they leaned everything
    against a thick tree
house of cards | tall | playing cards | on the kitchen table | somebody sneezed | they closed the windows and held
    their breath
""")

# the dish | the steps | what the hurried child does | what comes of it | how it turns out well
DISHES = table("""
bread | First we mix the dough, then it has to rest | put the dough into the oven right away | The bread was as flat
    as a plate and as hard as wood | a high, round loaf came out of the oven
a cake | First we stir the batter, and then it bakes for an hour | opened the oven door again and again to look | The
    cake fell in the middle like an old hat | the cake stood on the table, tall and golden
soup | The beans have to cook slowly on a small fire | turned the fire up as high as it would go | The soup boiled
    over and ran down the stove | the soup was thick and hot and smelled of summer
jam | The berries and the sugar have to cook slowly | stirred so fast that berries flew everywhere | There was jam on
    the walls, on the floor, and in {h.his} hair | six jars of red jam stood in a row
pudding | We stir it until it is thick, and then it has to cool | put a spoon into the hot pudding | It burned {h.his}
    tongue, and the bowl fell over | the pudding was cool, smooth, and sweet
cookies | We roll out the dough, cut the stars, and bake them until they are golden | made one giant cookie to save
    time | It was black on the outside and raw on the inside | forty golden stars lay on the table
pizza | The dough has to rise, and then we put on the cheese | put on the cheese before the dough was ready | The
    cheese slid off and burned on the bottom of the oven | the pizza was crisp, with long strings of cheese
pancakes | Wait until you see bubbles, and then turn the pancake over | turned the pancake too soon | Half of it stuck
    to the pan, and half of it landed on the floor | a tall pile of pancakes stood on the table
""")

# how the big animal is caught | how the small one frees it
TRAPS = table("""
was caught in a net that some hunter had left there | chewed through the ropes, one by one, until the net fell apart
had a sharp thorn deep in {f.his} foot | took hold of the thorn with {h.his} tiny fingers and pulled it out
was stuck in a hole between two rocks | crept in beside {f.him} and dug the earth away until the hole was wide enough
had lost the key to {f.his} house in a crack in the ground | slipped into the crack and came back with the key
had a bee in {f.his} ear and ran in circles | climbed up to the ear and spoke softly to the bee until it flew out
was lost in the thick fog and could not see the way | walked ahead, close to the ground, where the fog was thin
was tied to a tree by a long, strong vine | bit through the vine where it was thinnest
""")

# what has come down | adjective | where it is found | what it wants | how it gets home | what it sends
WONDERS = table("""
star | silver | in the middle of a puddle | I belong up there, between my two sisters | the wind lifted the star up,
    higher and higher, back to its place | A thread of silver light came down and touched {h.his} nose
cloud | tiny | on top of a thorny bush | I have to go back to my mother before it rains | a big white cloud bent down
    and picked up its child | A soft, warm rain fell on {h.his} home, and flowers grew all around it
moonbeam | pale | under a big leaf | The moon is looking for me | the moon came out from behind the clouds and pulled
    the moonbeam up like a thread | Every night after that, the moon shone right on {h.his} bed
snowflake | shiny | on a warm stone | I will melt if I do not get to the top of the mountain | the cold wind blew, and
    the snowflake danced up into the air | When winter came, the first snowflake landed on {h.his} nose
spark | golden | between two roots | I fell out of the sun when it went down | the first light of the morning came,
    and the spark jumped back into the sun | All that day, the sun was a little warmer where {h} was sitting
rainbow | very short | beside the stream | I need sun and rain at the same time to get home | the sun came out while
    it was still raining, and the rainbow stretched up into the sky | After the next rain, there was a rainbow right
    over {h.his} home
""")

# what they pretend to have | what it is made of | where they go | the danger | how they get away
PRETEND = table("""
a ship | two chairs and a sheet | a wild blue sea | a giant whale came out of the water | gave the whale a sandwich
    and sailed on
a spaceship | a big box and a pot lid | a sky full of stars | a rain of hot stones flew toward them | held up the pot
    lid and flew right through
a castle | the sofa and all the pillows | a land of giants | a dragon landed on the wall | told the dragon a joke
    until it laughed and flew away
a train | six chairs in a row | a dark, snowy forest | a tree lay across the tracks | pulled the tree away with a rope
a cave | the table and three blankets | a land of ice and bears | a bear looked into the cave | growled even louder
    than the bear and then shared their honey
a submarine | the laundry basket and an umbrella | the bottom of the sea | an octopus took hold of the umbrella |
    tickled the octopus until it let go
a balloon | a basket and a red blanket | the highest mountains in the world | an eagle sat down on the balloon | asked
    the eagle for the way and gave it a cookie
""")

# what one brings to a sick friend | adjective | what it is for
SICK_GIFTS = table("""
puppet | funny | with one sock for the body and two buttons for the eyes
book | little | with a picture of {h} and {f} on every page
paper bird | colorful | which moved its wings when somebody pulled the string
letter | long | with a joke on every line
mobile | pretty | with paper stars that turned in the wind
map | secret | of all the places that they would visit together
mask | silly | with a long nose and big ears
box | tiny | full of small things that {f} had to guess with closed eyes
""")

# where it comes from | what it sounds like | what it looks like in the dark | what it is | what happens then
NOISES = table("""
the window | tap, tap, tap | a long thin arm behind the curtain | a branch of the apple tree | {h} opened the window
    and shook the branch by the hand
the closet | scratch, scratch | two green eyes | the cat, which had fallen asleep among the coats | The cat jumped
    into {h.his} arms and purred
under the bed | rustle, rustle | a gray shape with big ears | a little mouse with a piece of cheese | The mouse
    squeaked and ran back into its hole
the kitchen | drip, drip, drip | a tall man with a wide hat | the coat rack, and the noise was only the tap | {h}
    turned off the tap
the attic | creak, creak | something white that moved | an old sheet in the wind | {h} closed the little window, and
    the sheet hung still
the garden | hoo, hoo | a dark shape with wings | an owl on the fence | The owl blinked twice and flew away without a
    sound
the stairs | thump, thump | a round shadow on the wall | the dog, who was looking for a warm place to sleep | The dog
    wagged its tail and lay down beside the bed
behind the door | flap, flap | a shadow that grew and grew | a moth that was dancing around the lamp | {h} let the
    moth fly out into the night
""")


def filled(row: Row, words: Words) -> Row:
    """Return the cells with `{h}`, `{h.he}`, `{h.his}` and `{^h.his}` replaced by the hero's words."""
    slots = {"{h}": words["h"], "{^h.his}": words["h.his"].capitalize(), "{^h.he}": words["h.he"].capitalize()}
    slots.update(
        {f"{{{key}}}": words[key] for key in ("h.he", "h.him", "h.his", "f", "f.him", "f.his") if key in words}
    )
    cells = []
    for cell in row:
        for slot, word in slots.items():
            cell = cell.replace(slot, word)
        cells.append(cell)
    return tuple(cells)


def add_activity(words: Words, draw: Draw, role: str = "act") -> None:
    """Cast something that a child loves to do: `act.do`, `act.did`, `act.doing`."""
    do, did, doing = draw.pick(ACTIVITIES)
    words.update({f"{role}.do": do, f"{role}.did": did, f"{role}.doing": doing})


def add_toy(words: Words, draw: Draw, role: str = "o") -> None:
    """Cast a toy: `o` "kite", `o.long` "red kite", `o.adj`, what one does with it, and where it hides."""
    noun, adjectives, actions, indoors, outdoors, harm = draw.pick(TOYS)
    adjective = draw.pick(values(adjectives))
    do, did, doing = values(actions)
    words.update({role: noun, f"{role}.long": f"{adjective} {noun}", f"{role}.adj": adjective, f"{role}.harm": harm})
    words.update({f"{role}.do": do, f"{role}.did": did, f"{role}.doing": doing})
    words.update({f"{role}.indoors": draw.pick(values(indoors)), f"{role}.outdoors": draw.pick(values(outdoors))})


def add_food(words: Words, draw: Draw, role: str = "o") -> None:
    """Cast something to eat: `o.some`, `o` the noun, `o.it`, `o.taste`, `o.share`."""
    some, noun, it, taste, share = draw.pick(FOODS)
    words.update({role: noun, f"{role}.some": some, f"{role}.it": it, f"{role}.taste": taste})
    words.update({f"{role}.share": share, f"{role}.was": "was" if it == "it" else "were"})
