"""What a notebook works with: models, data, problems and fits as objects in memory. Re-exported by `il6infer`."""
