"""The people of the stories: names, pronouns, relatives, neighbours. Data and the words that each brings to a cast.

Names were chosen to be short, easy to tell apart, and never ambiguous in gender.
"""

from functools import cache

from tinylm.data.stories.engine import Draw

__all__ = [
    "FEMALE",
    "MALE",
    "Words",
    "add_child",
    "add_children",
    "add_creatures",
    "add_family",
    "add_neighbor",
    "add_parent",
    "add_pet",
    "given_name",
]

Words = dict[str, str]


def names(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


GIRLS = names("""
Ada Nora Ruby Elsa Mina Clara Ivy Hazel Wendy Poppy Flora Greta Holly June Kate Lena Maya Nell Olive Pearl
Rosa Stella Tess Vera Willa Zoe Fiona Bella Daisy Tilda
""")
BOYS = names("""
Felix Oscar Hugo Leo Theo Arlo Ben Caleb Danny Eli Finn George Henry Ian Jonah Kofi Liam Milo Noah Otto Paul
Quinn Rafi Simon Toby Victor Walter Zack Sam Max
""")
PET_NAMES = names("""
Biscuit Button Cocoa Dot Fluffy Ginger Honey Maple Muffin Patch Pepper Pickle Pumpkin Scout Snowy Spot
""")
CREATURE_NAMES = names("""
Bramble Sorrel Hopper Nibble Pip Twig Moss Acorn Tumble Whisker Skip Momo Puck Pebble Rusty Thistle Nutmeg Dusty
""")

# kind, adjectives, what it did with its voice, its favorite food
PETS = (
    ("dog", "brown spotted small white", "barked", "sausages"),
    ("puppy", "black fluffy tiny brown", "barked", "chicken"),
    ("cat", "gray black striped fat", "meowed", "fish"),
    ("kitten", "white tiny orange playful", "mewed", "warm milk"),
    ("goat", "white young funny brown", "bleated", "lettuce"),
    ("parrot", "green clever old noisy", "squawked", "nuts"),
    ("rabbit", "gray white shy soft", "squeaked", "carrots"),
)

# kind, adjectives, favorite food, home, what it does well
CREATURES = (
    ("rabbit", "gray brown quick", "clover", "a cozy burrow", "jump over a log"),
    ("squirrel", "red busy quick", "nuts", "a hollow tree", "climb to the top of a tree"),
    ("mouse", "tiny brown clever", "seeds", "a hole under the roots", "run without a sound"),
    ("fox", "red young clever", "berries", "a den under the hill", "run like the wind"),
    ("bear", "brown young big", "honey", "a warm cave", "carry heavy logs"),
    ("hedgehog", "small brown shy", "apples", "a pile of leaves", "roll up like a ball"),
    ("duck", "white young merry", "bread crumbs", "the reeds by the pond", "dive to the bottom of the pond"),
    ("frog", "green small merry", "fresh leaves", "a pond full of lilies", "jump farther than anyone"),
    ("owl", "gray young wise", "berries", "the old oak tree", "see in the dark"),
    ("beaver", "brown busy strong", "bark", "a house of sticks in the river", "swim under water"),
    ("turtle", "green slow small", "lettuce", "the bank of the pond", "walk all day without a rest"),
    ("mole", "black small shy", "roots", "a tunnel under the field", "dig faster than anyone"),
    ("deer", "brown young gentle", "grass", "a quiet place among the ferns", "jump over a stream"),
    ("badger", "gray strong old", "mushrooms", "a deep burrow", "dig in the hardest ground"),
)
WONDER_NAMES = ("Luma", "Nim", "Tik", "Glim", "Oona", "Bo")

FEMALE = {"he": "she", "him": "her", "his": "her", "himself": "herself", "hers": "hers"}
MALE = {"he": "he", "him": "him", "his": "his", "himself": "himself", "hers": "his"}

# What a child calls them, what they are, and their pronouns.
PARENTS = (("Mom", "mom", FEMALE), ("Dad", "dad", MALE), ("Mom", "mom", FEMALE), ("Dad", "dad", MALE))
FAMILY = (
    *PARENTS[:2],
    ("Grandma", "grandma", FEMALE),
    ("Grandpa", "grandpa", MALE),
    ("Aunt Rose", "aunt", FEMALE),
    ("Uncle Joe", "uncle", MALE),
)
NEIGHBORS = (
    ("Mrs. Bell", FEMALE),
    ("Mr. Hill", MALE),
    ("Mrs. Wood", FEMALE),
    ("Mr. Green", MALE),
    ("Miss Penny", FEMALE),
    ("Mr. Stone", MALE),
)


@cache
def forms(role: str, name: str, kind: str, female: bool) -> Words:
    """Return every word that a person in `role` brings: `h`, `h.he`, `h.child`, ..."""
    words = {f"{role}.{key}": word for key, word in (FEMALE if female else MALE).items()}
    return {
        role: name,
        f"{role}.shout": name.upper(),
        f"{role}.child": kind,
        f"?{role}_{'girl' if female else 'boy'}": "",
        **words,
    }


def add_children(words: Words, draw: Draw, *roles: str) -> None:
    """Cast a child for each role, all with different names and first letters."""
    letters = ""
    for role in roles:
        while True:
            female = bool(draw.below(2))
            name = draw.pick(GIRLS if female else BOYS)
            if name[0] not in letters:
                break
        letters += name[0]
        words.update(forms(role, name, "girl" if female else "boy", female))
    if len(roles) > 1:
        words["both"] = pair_noun(words, roles[0], roles[1])


def pair_noun(words: Words, one: str, other: str) -> str:
    """Return what two children are together: girls, boys or children."""
    kinds = words[f"{one}.child"], words[f"{other}.child"]
    return "children" if kinds[0] != kinds[1] else f"{kinds[0]}s"


def add_child(words: Words, draw: Draw, role: str = "h") -> None:
    """Cast one child."""
    add_children(words, draw, role)


def add_creatures(words: Words, draw: Draw, hero: tuple[str, ...], friend: tuple[str, ...]) -> None:
    """Cast two talking animals of different kinds: `h` the name, `h.child` what it is, `h.adj`, `h.food`, `h.home`.

    Args:
        hero: the kinds that the hero may be; any kind when empty.
        friend: the same for the friend.
    """
    given = draw.several(CREATURE_NAMES, 2)
    kinds: list[str] = []
    for role, name, allowed in (("h", given[0], hero), ("f", given[1], friend)):
        rows = [row for row in CREATURES if row[0] not in kinds and (not allowed or row[0] in allowed)]
        kind, adjectives, food, home, skill = draw.pick(rows)
        kinds.append(kind)
        words.update(forms(role, name, kind, bool(draw.below(2))))
        words.update({f"{role}.adj": draw.pick(adjectives.split()), f"{role}.food": food})
        words.update({f"{role}.home": home, f"{role}.skill": skill})


def given_name(draw: Draw) -> str:
    """Return the name of something that does not usually have one, such as a star."""
    return draw.pick(WONDER_NAMES)


def add_pet(words: Words, draw: Draw, role: str = "b") -> None:
    """Cast a pet with a name, he or she: `b`, `b.kind`, `b.long`, `b.sound`, `b.food`."""
    kind, adjectives, sound, food = draw.pick(PETS)
    female = bool(draw.below(2))
    words.update(forms(role, draw.pick(PET_NAMES), kind, female))
    long = f"{draw.pick(adjectives.split())} {kind}"
    words.update({f"{role}.kind": kind, f"{role}.long": long, f"{role}.sound": sound, f"{role}.food": food})


def add_relative(words: Words, role: str, relative: tuple[str, str, dict[str, str]]) -> None:
    """Put one relative into `role`: `g` is the name that a child uses, `g.kin` what they are."""
    name, kin, pronouns = relative
    words.update({role: name, f"{role}.kin": kin, **{f"{role}.{key}": word for key, word in pronouns.items()}})


def add_parent(words: Words, draw: Draw, role: str = "g") -> None:
    """Cast Mom or Dad."""
    add_relative(words, role, draw.pick(PARENTS))


def add_family(words: Words, draw: Draw, role: str = "g") -> None:
    """Cast somebody of the family: a parent, a grandparent, an aunt or an uncle."""
    add_relative(words, role, draw.pick(FAMILY))


def add_neighbor(words: Words, draw: Draw, role: str = "n") -> None:
    """Cast a neighbor with a title and a surname."""
    name, pronouns = draw.pick(NEIGHBORS)
    words.update({role: name, **{f"{role}.{key}": word for key, word in pronouns.items()}})
