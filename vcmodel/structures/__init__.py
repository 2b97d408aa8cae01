"""Covariance structures: small dense matrices as functions of few parameters, one family per file.

A **structure** (:class:`base.Structure`) knows the *reported parameters* theta: what the table of estimates shows (variances, covariances,
correlations, loadings), their names, Sigma(theta) and where to start. It holds names and sizes, never numbers.

The solver does not move on theta. It asks the structure for a **chart** (:class:`chart.Chart`): *working coordinates* phi in which a
**root** Lambda (Sigma = Lambda Lambda', the loading of the model's equations) is smooth up to and including the boundary, say standard
deviations in place of variances. A chart belongs to a neighbourhood: ``renormalise`` exchanges it for a better one of the same structure
(another order of pivots, signs) without changing Sigma. Every chart of a structure, also that of held and tied parameters, has a loading
within ``Structure.root_pattern``, by which the equations are laid out once. A structure that brings no chart gets a
:class:`default_chart.DefaultChart`.

An **edge** (:class:`chart.Edge`) is where the domain ends: a coordinate that cannot become negative. With it at zero Sigma may be singular
(a variance of zero, the last column of a Cholesky factor) or not (a specific variance of zero beside common factors); a row is reported
with code B there.

For *constrained* parameters a chart offers ``constrained(phi)``: the reported parameters on the scale on which ``bounds`` and ``equal`` are
regular equations, standard deviations in place of variances. Its **scales** (:class:`chart.Scale`) are coordinates without an edge that
multiply rows of the root, so that an equation may take them to zero; *angles* are directions that lose their effect beside a scale of zero.
"""
