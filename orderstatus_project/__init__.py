import gc

# Every process loads some 1,700 modules, and makes and drops the rows of a batch by the thousand. The collector would
# look for cycles after each 700 new objects: a fifth of a start, and a fourteenth of a batch.
gc.set_threshold(20_000)
