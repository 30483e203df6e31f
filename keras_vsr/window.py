"""The window that every 3D network of the suite takes, and what it costs at the borders."""

WINDOW = 5  # consecutive frames: two before the middle one, two after
BORDER = 2  # pixels that two 3x3x3 'valid' layers take from each side of the middle frame
