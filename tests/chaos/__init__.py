"""Proof by crashing: the whole installation as real processes, ended and starved at random while shops speak to it.

    python -m tests.chaos --seed 7 --faults 100 --database postgres

| module | |
|---|---|
| run | one run: prepare, hurt, let it settle, judge |
| feed | what shops will say, made by seed or from a log, and in which requests |
| campaigns | what the installation is asked to make of it |
| installation | PostgreSQL, Redis, web, workers, beat and the providers, each on loopback and in one folder |
| prepare | the installation's own first steps: tables, vocabulary, customers, campaigns, gateways |
| clients | several shops, which say a thing until it is answered |
| faults | what goes wrong |
| books | what the installation itself says in the end |
| owed | a plain program: what customers had to get, by the feed alone |
| naive | the naive design in the installation's place, under the same chaos |
| verdict | what they got, by the providers' own records, held against both |

Nothing here but `prepare` and `settings` knows the product, or Django.
"""
