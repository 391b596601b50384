# Stage prior: PEtab problem -> what its priors say of published behaviour. Needs no fit, so it runs beside it.
#
# Requires: <results>/<dataset>/<model>/problem/
# Outputs:  <results>/<dataset>/<model>/prior_check.json


rule check_prior:
    input:
        problem=rules.problem.output.folder,
    output:
        check=report(
            f"{RESULTS}/{{dataset}}/{{model}}/prior_check.json",
            caption="../report/prior.rst",
            category="Priors",
            labels={"data set": "{dataset}", "model": "{model}"},
        ),
    log:
        f"{LOGS}/check_prior/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/check_prior/{{dataset}}/{{model}}.tsv"
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(15),
    params:
        seed=SETTINGS.seed,
        source=SOURCE["check_prior"],
    message:
        "Prior: what the priors of {wildcards.model} of {wildcards.dataset} say of published behaviour"
    shell:
        "il6infer claims prior {input.problem:q}/problem.yaml --seed {params.seed} --threads {threads}"
        " --output {output.check:q} > {log:q} 2>&1"
