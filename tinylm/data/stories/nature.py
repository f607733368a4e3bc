"""Places, weather and animals of the stories, with what fits each of them. Data, no sentences of a plot."""

from tinylm.data.stories.engine import Draw
from tinylm.data.stories.people import Words
from tinylm.data.stories.things import filled, table, values

__all__ = ["PLACES", "RESCUES", "WEATHER", "add_place", "add_rescue", "add_weather"]

# name | in it | to it | things to see there
PLACES = table("""
the park | in the park | to the park | the swings, the pond, the tall trees
the meadow | in the meadow | to the meadow | the wild flowers, the bees, the butterflies
the woods | in the woods | to the woods | the mossy rocks, the squirrels, the old oak tree
the playground | at the playground | to the playground | the slide, the swings, the sandbox
the beach | on the beach | to the beach | the waves, the shells, the white birds
the farm | on the farm | to the farm | the cows, the red barn, the haystacks
the garden | in the garden | to the garden | the roses, the snails, the apple tree
the hill | on the hill | to the hill | the yellow grass, the windmill, the town far below
the river | by the river | to the river | the ducks, the little bridge, the smooth stones
the market | at the market | to the market | the fruit stands, the flowers, the fresh bread
""")

# adjective for the day | a sentence about it
WEATHER = table("""
sunny | The sun was shining, and there was not a cloud in the sky.
sunny | The sun was warm on {h.his} face.
bright | The sky was blue, and the birds were singing.
warm | A soft wind was blowing, and the air smelled of flowers.
warm | Bees were humming in the clover.
cool | The leaves were turning red and gold.
cool | The air was fresh, and the grass was wet.
windy | The wind chased the clouds across the sky.
windy | The wind was making the trees dance.
cloudy | Gray clouds covered the sky, but it did not rain.
lovely | Everything smelled fresh after the rain.
quiet | A thin mist lay over the fields.
""")

# kind | adjectives | sound: did | trouble | what freed it | food | home | how it goes home
RESCUES = table("""
bird | little, gray, tiny | chirped | had fallen out of its nest | lifted it gently back into the nest | some crumbs |
    its nest | hopped close to its mother
kitten | black, tiny, fluffy | mewed | was stuck high up in a tree | put a ladder against the tree and brought it down
    | some warm milk | the house next door | ran home with its tail in the air
hedgehog | small, prickly, brown | squeaked | had fallen into an empty bucket | tipped the bucket slowly onto its side
    | some pieces of apple | the hedge | walked away under the hedge
duckling | yellow, tiny, fluffy | peeped | had lost its mother | carried it to the pond in a soft hat | some oats |
    the pond | swam after its mother as fast as it could
puppy | brown, muddy, spotted | whined | had a thorn in its paw | held the paw still and pulled the thorn out | a
    piece of sausage | the farm | licked {h.his} hand and trotted home
turtle | green, old, slow | hissed softly | was lying on its back | turned it over with both hands | a leaf of lettuce
    | the pond | slid into the water with a splash
rabbit | white, small, gray | thumped its foot | was caught in some wire | bent the wire until there was a hole | a
    fresh carrot | its burrow | hopped away into the tall grass
squirrel | red, young, quick | chattered | had its foot stuck in a fence | pushed the two boards apart | a handful of
    nuts | the oak tree | raced up the oak tree
lamb | white, woolly, small | bleated | had slipped into a muddy ditch | put both arms around it and pulled | a bunch
    of clover | the barn | ran across the field to its mother
frog | green, shiny, fat | croaked | was trapped in a deep hole | let a long branch down into the hole | a fat worm |
    the pond | jumped into the pond
owl | young, sleepy, brown | hooted | was tangled in some string | cut the string with small scissors | some meat |
    the old barn | flew up into the dark barn
butterfly | yellow, blue, orange | beat its wings | was caught in a spider web | loosened the sticky threads with a
    feather | a drop of honey | the meadow | flew off over the flowers
""")


def add_place(words: Words, draw: Draw, *allowed: str, role: str = "p") -> None:
    """Cast a place, one of `allowed` where given: `p`, `p.in`, `p.to`, `p.sight`, `p.sight2`."""
    rows = [row for row in PLACES if not allowed or row[0].removeprefix("the ") in allowed]
    name, where, to, sights = draw.pick(rows)
    sight, sight2 = draw.several(values(sights), 2)
    words.update({role: name, f"{role}.in": where, f"{role}.to": to})
    words.update({f"{role}.sight": sight, f"{role}.sight2": sight2})


def add_weather(words: Words, draw: Draw, role: str = "w") -> None:
    """Cast a day without rain or snow: `w` its adjective, `w.says` a sentence. The hero has to be cast before."""
    adjective, sentence = filled(draw.pick(WEATHER), words)
    words.update({role: adjective, f"{role}.says": sentence})


def add_rescue(words: Words, draw: Draw, role: str = "b") -> None:
    """Cast an animal in trouble. The hero has to be cast before."""
    kind, adjectives, sound, trouble, rescue, food, home, leaving = filled(draw.pick(RESCUES), words)
    adjective = draw.pick(values(adjectives))
    words.update({role: kind, f"{role}.long": f"{adjective} {kind}", f"{role}.sound": sound})
    words.update({f"{role}.trouble": trouble, f"{role}.rescue": rescue, f"{role}.food": food})
    words.update({f"{role}.home": home, f"{role}.leaving": leaving})
