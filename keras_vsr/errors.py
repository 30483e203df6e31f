"""The one exception that a user's mistake raises."""


class InputError(ValueError):
    """A file, an argument or a machine is not as needed.

    Its text is one sentence for the person at the keyboard: it names the thing, says what is
    wrong with it and what would do. Programs print it and exit with status 2.
    """
