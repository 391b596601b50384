"""Any SBML model as symbols: states, fluxes, rules, conserved moieties."""
