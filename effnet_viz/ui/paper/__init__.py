"""The Paper page's sections, put together by ``views``.

As ``ui``.

- ``balance``: width under different depth and resolution, and networks of equal cost.
- ``claims_network``: counterexamples to misreadings about width, blocks, operations and maps.
- ``claims_scaling``: counterexamples to misreadings about φ, α, β, γ and the law.
- ``claims_true``: statements that are true, to stand among the misreadings.
- ``dimensions``: scaling one dimension at a time: what it costs exactly, what it bought where that
  is known.
- ``method``: the method: the problem as something to solve, the two observations, scope and limits.
- ``misreadings``: popular misreadings among true statements: claim, verdict, truth, and a control
  that lets the reader break what is not so.
- ``networks``: tables 3 and 7: networks whose multipliers are printed, built and counted again.
- ``results``: table 2, the three publications of the accuracies, and table 4.
- ``search``: the search objective, as something to play with.
- ``slips``: the paper's slips: numbers that disagree, each with something to push.
- ``top5``: what top-1 and top-5 mean, on the visitor's own last prediction where there is one.
- ``transfer``: tables 5 and 6: what the EfficientNets carry over to other data sets.
- ``views``: the Paper page: which section is open, and the sections in order.
"""
