"""A generation that one can hold: steps forward and back, branches, settings that act on what is already computed.

    outlook.py    one distribution over the next token: what each filter cut, and where a draw falls
    tree.py       every token tried, and the model that reads them; bounded in memory
    session.py    the state machine: step, back, pick, go, and the sampling settings
    saved.py      a tree as JSON and back

Nothing here knows of a terminal, an editor or a process; the demo and the server both show a session.
"""
