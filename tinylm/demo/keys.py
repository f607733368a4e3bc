"""The demo's keys, and the help that explains them. What they do is app.py's."""

from textual.binding import Binding, BindingType

__all__ = ["HELP", "KEYS"]

# Those with a description stand in the footer, in this order; 80 columns hold them all.
KEYS: list[BindingType] = [
    Binding("escape", "leave", "leave", key_display="Esc"),
    Binding("space", "run", "run"),
    Binding("right", "step", "step", key_display="→"),
    Binding("left", "back", "back", key_display="←"),
    Binding("1", "pick(1)", "pick", key_display="1-9"),
    *(Binding(str(rank % 10), f"pick({rank})", show=False) for rank in range(2, 11)),
    Binding("comma,less_than_sign", "look(-1)", "look", key_display=",."),
    Binding("full_stop,greater_than_sign", "look(1)", show=False),
    Binding("b", "branch", "branch"),
    Binding("e", "edit", "edit"),
    Binding("question_mark", "help", "help", key_display="?"),
    Binding("q", "quit", "quit"),
    Binding("slash", "edit", show=False),
    Binding("h", "help", show=False),
    Binding("ctrl+c", "quit", show=False),
    Binding("r", "restart", show=False),
    Binding("n", "reseed", show=False),
    *(
        Binding(key, f"slide('{slider}',{n})", show=False)
        for key, slider, n in (
            ("t", "temperature", -1),
            ("T", "temperature", 1),
            ("k", "top-k", -1),
            ("K", "top-k", 1),
            ("p", "top-p", -1),
            ("P", "top-p", 1),
            ("m", "min-p", -1),
            ("M", "min-p", 1),
            ("y", "typical-p", -1),
            ("Y", "typical-p", 1),
            ("x", "repetition-penalty", -1),
            ("X", "repetition-penalty", 1),
            ("v", "presence-penalty", -1),
            ("V", "presence-penalty", 1),
        )
    ),
    Binding("plus,equals_sign", "pace(1)", show=False),
    Binding("minus", "pace(-1)", show=False),
    Binding("d", "theme", show=False),
]

HELP = """\
space    run, pause                    e    edit the prompt (Enter starts)
→        one token, by the draw        r    start again at the prompt
←        take the last token back      n    the same with another seed
1-9, 0   put that candidate next       + -  faster, slower
, .      look at earlier, later tokens d    dark or light
b        another branch tried here     q    quit
t T      temperature down, up          Tab  to the prompt and the sliders
k K      top-k down, up                Esc  back to the newest token
p P      top-p down, up                the mouse works on tokens, sliders
m M      min-p down, up                x X  repetition penalty down, up
y Y      typical-p down, up            v V  presence penalty down, up

▶  where the draw falls now    ●  the token in the text
*  the greedy choice, the model's first
struck through: cut by the filter that is named
model: the model's own probability; sampled: after the settings
"""
