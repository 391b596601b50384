"""PEtab problems in and out of the workflow: adopted as data sets, exported as a model space, parameter values read."""
