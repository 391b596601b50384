"""Methods in a paragraph, with the publications of everything that an analysis used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from il6infer.configuration.comparing import wants_evidence
from il6infer.configuration.configuration import Configuration
from il6infer.report.links import dois
from il6infer.stages.comparison import WEIGHTS


@dataclass(frozen=True)
class Reference:
    """One publication; `key` is that of its BibTeX entry, `where` its journal, volume and pages."""

    key: str
    authors: str
    year: int
    title: str
    where: str
    doi: str = ""

    def __str__(self) -> str:
        """Write it as a list of references has it."""
        return f"{self.authors} ({self.year}). {self.title}. {self.where}." + (f" doi {self.doi}" if self.doi else "")

    @property
    def bibtex(self) -> str:
        """Entry of a BibTeX file."""
        doi = f",\n  doi = {{{self.doi}}}" if self.doi else ""
        return (
            f"@article{{{self.key},\n  author = {{{self.authors}}},\n  year = {{{self.year}}},\n"
            f"  title = {{{{{self.title}}}}},\n  journal = {{{self.where}}}{doi}\n}}"
        )


_REFERENCES = (
    Reference("hoffman2014", "Hoffman M.D. and Gelman A.", 2014, "The No-U-Turn sampler: adaptively setting path "
              "lengths in Hamiltonian Monte Carlo", "Journal of Machine Learning Research 15:1593-1623"),
    Reference("steinebach2023", "Steinebach G.", 2023, "Construction of Rosenbrock-Wanner method Rodas5P and numerical "
              "benchmarks within the Julia Differential Equations package", "BIT Numerical Mathematics 63:27",
              "10.1007/s10543-023-00967-x"),
    Reference("vehtari2017", "Vehtari A., Gelman A. and Gabry J.", 2017, "Practical Bayesian model evaluation using "
              "leave-one-out cross-validation and WAIC", "Statistics and Computing 27:1413-1432",
              "10.1007/s11222-016-9696-4"),
    Reference("yao2018", "Yao Y., Vehtari A., Simpson D. and Gelman A.", 2018, "Using stacking to average Bayesian "
              "predictive distributions", "Bayesian Analysis 13:917-1007", "10.1214/17-BA1091"),
    Reference("vehtari2021", "Vehtari A., Gelman A., Simpson D., Carpenter B. and Bürkner P.-C.", 2021,
              "Rank-normalization, folding, and localization: an improved R-hat for assessing convergence of MCMC",
              "Bayesian Analysis 16:667-718", "10.1214/20-BA1221"),
    Reference("kumar2019", "Kumar R., Carroll C., Hartikainen A. and Martin O.", 2019, "ArviZ a unified library for "
              "exploratory analysis of Bayesian models in Python", "Journal of Open Source Software 4:1143",
              "10.21105/joss.01143"),
    Reference("schmiester2021", "Schmiester L. et al.", 2021, "PEtab - interoperable specification of parameter "
              "estimation problems in systems biology", "PLoS Computational Biology 17:e1008646",
              "10.1371/journal.pcbi.1008646"),
    Reference("smith2009", "Smith L.P., Bergmann F.T., Chandran D. and Sauro H.M.", 2009, "Antimony: a modular model "
              "definition language", "Bioinformatics 25:2452-2454", "10.1093/bioinformatics/btp401"),
    Reference("lam2015", "Lam S.K., Pitrou A. and Seibert S.", 2015, "Numba: a LLVM-based Python JIT compiler",
              "Proceedings of the Second Workshop on the LLVM Compiler Infrastructure in HPC",
              "10.1145/2833157.2833162"),
    Reference("kass1995", "Kass R.E. and Raftery A.E.", 1995, "Bayes factors", "Journal of the American Statistical "
              "Association 90:773-795", "10.1080/01621459.1995.10476572"),
    Reference("gronau2017", "Gronau Q.F. et al.", 2017, "A tutorial on bridge sampling", "Journal of Mathematical "
              "Psychology 81:80-97", "10.1016/j.jmp.2017.09.005"),
    Reference("delmoral2006", "Del Moral P., Doucet A. and Jasra A.", 2006, "Sequential Monte Carlo samplers",
              "Journal of the Royal Statistical Society B 68:411-436", "10.1111/j.1467-9868.2006.00553.x"),
    Reference("roberts2017", "Roberts D.R. et al.", 2017, "Cross-validation strategies for data with temporal, "
              "spatial, hierarchical, or phylogenetic structure", "Ecography 40:913-929", "10.1111/ecog.02881"),
    Reference("molder2021", "Mölder F. et al.", 2021, "Sustainable data analysis with Snakemake", "F1000Research 10:33",
              "10.12688/f1000research.29032.2"),
)  # fmt: skip
"""Those that a paragraph may name; it numbers them in its order."""


_LEFT_OUT = {"batch": "gels or plates", "condition": "conditions", "data_set": "data sets"}


@dataclass(frozen=True)
class Methods:
    """A paragraph with numbers in brackets, and what they stand for."""

    paragraph: str
    references: tuple[Reference, ...]


def methods(config: Configuration, versions: Mapping[str, str], words: Sequence[str] = ()) -> Methods:
    """Write the methods of an analysis.

    Parameters
    ----------
    config
        With every default filled in.
    versions
        Package -> version that was used.
    words
        Models in words; their number counts where there are none.
    """

    def cite(*keys: str) -> str:
        return f"[{', '.join(f'@{key}' for key in keys)}]"

    fit, limits = config.fit, config.verdict
    count = len(words) or len(config.models)
    own = any(described.petab is not None for described in config.datasets.values())
    composed = "" if own else f" composed from modules in Antimony {cite('smith2009')}"
    solver = f"the solver {fit.engine}"
    if fit.engine == "rosenbrock":
        solver = (
            f"the Rosenbrock method Rodas5P {cite('steinebach2023')} and its discrete adjoint, compiled with numba "
        )
        solver += cite("lam2015")
    text = (
        f"Data were analysed with il6infer {versions.get('il6infer', '')} and Python {versions.get('python', '')}. "
        f"{count} mechanistic model{'s' if count > 1 else ''} of IL-6 signalling (ordinary differential equations)"
        f"{composed} {'were' if count > 1 else 'was'} joined with the data as PEtab problems {cite('schmiester2021')}, "
        f"solved with {solver} (relative tolerance {fit.rtol:g}). Posteriors were sampled "
        f"{_sampled(config, versions, cite)}, seed {config.seed}. "
        "A fit counted as converged with rank-normalised R-hat of at most "
        f"{limits.rhat_max:g} and effective sample sizes of at least {limits.ess_min:g} {cite('vehtari2021')}, "
        f"among other checks, and a model as reproducing the data where all its tests of misfit together held at "
        f"p = {limits.misfit_p_min:g}. {_compared(config, cite)}; "
        f"posteriors are InferenceData of ArviZ {cite('kumar2019')}. Models "
        "that did not converge, or do not reproduce the data, had no weight. The workflow ran under Snakemake "
        f"{cite('molder2021')}."
    ).replace("  ", " ")
    order = list(dict.fromkeys(re.findall(r"@(\w+)", text)))
    known = {reference.key: reference for reference in _REFERENCES}
    text = re.sub(r"@(\w+)", lambda found: str(order.index(found[1]) + 1), text)
    return Methods(text, tuple(known[key] for key in order))


def _sampled(config: Configuration, versions: Mapping[str, str], cite: Callable[..., str]) -> str:
    """Say by what posteriors were sampled."""
    fit = config.fit
    smc = f"sequential Monte Carlo {cite('delmoral2006')} from the prior, {fit.chains} populations of "
    smc += f"{fit.draws} draws"
    if fit.sampler in ("tempered", "pymc_smc"):
        return f"by {smc}"
    of = f"PyMC {versions.get('pymc', '')}" if fit.sampler == "pymc" else f"nutpie {versions.get('nutpie', '')}"
    text = (
        f"with the No-U-Turn sampler {cite('hoffman2014')} of {of}: {fit.chains} chains of {fit.tune} tuning and "
        f"{fit.draws} kept draws, target acceptance {fit.target_accept:g}"
    )
    if fit.sampler != "auto":
        return text
    return (
        f"{text} (where chains had not met, or passed seldom from one arm of the posterior to another, by hops between "
        "modes of a mixture learnt from their draws; where they had not met, by replica exchange begun at these; where "
        f"chains of several modes still had not met, by {smc})"
    )


def _compared(config: Configuration, cite: Callable[..., str]) -> str:
    """Say by what models were compared and averaged."""
    chosen = config.comparison
    text = f"Models were compared by PSIS-LOO {cite('vehtari2017')}"
    if chosen.leave_out != "none":
        text += f", by leaving whole {_LEFT_OUT[chosen.leave_out]} out {cite('roberts2017')}"
    if wants_evidence(config):
        text += (
            f", by their evidence from bridge sampling {cite('gronau2017')} and sequential Monte Carlo "
            f"{cite('delmoral2006')}, with Bayes factors {cite('kass1995')},"
        )
    if chosen.criterion == "evidence":
        return f"{text} and averaged by their probabilities given equal ones before".replace(",,", ",")
    of = "" if chosen.criterion == "loo" else " on what was left out"
    return f"{text} and averaged by {WEIGHTS[chosen.weights]}{of} {cite('yao2018')}"


def sources(described: Iterable[str]) -> list[str]:
    """DOIs that stand in the sources of priors, each once, in alphabetical order."""
    found = {doi for text in described for doi in dois(text)}
    return sorted(found)
