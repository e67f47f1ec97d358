"""What the messages of tests/messages say to write instead: for each refused function one of that name, which runs.

``# code: …`` is in the message and in the function, ``# does: …`` is in the message and done by the function.
"""
