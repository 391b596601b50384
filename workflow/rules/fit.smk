# Stage fit: PEtab problem -> posterior by NUTS, all chains on the threads of one job.
#
# Requires: <results>/<dataset>/<model>/problem/, <results>/settings/fit.json
# Outputs:  <results>/<dataset>/<model>/posterior.nc (ArviZ InferenceData, every group filled)


rule fit:
    input:
        folder=rules.problem.output.folder,
        settings=f"{RESULTS}/settings/fit.json",
    output:
        posterior=f"{RESULTS}/{{dataset}}/{{model}}/posterior.nc",
    log:
        f"{LOGS}/fit/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/fit/{{dataset}}/{{model}}.tsv"
    priority: 1  # the longest jobs first: what is short fills the gaps
    conda:
        "../envs/il6infer.yaml"
    threads: fit_threads()
    resources:
        mem_mb=more(4000),
        runtime=more(240),
    params:
        source=SOURCE["fit"],
    message:
        "Fit: {wildcards.dataset} with model {wildcards.model} on {threads} threads; progress in {log}"
    shell:
        "il6infer fit {input.folder:q}/problem.yaml --output {output.posterior:q} --config {input.settings:q}"
        " --threads {threads} > {log:q} 2>&1"
