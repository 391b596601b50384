# Stages leave-out and evidence (only where the configuration asks for them): whole gels, conditions or data sets left out
# one at a time; the probability of the data under each model.
#
# Requires: <results>/<dataset>/<model>/problem/ and posterior.nc, <results>/settings/{leave_out,evidence}.json
# Outputs:  <results>/<dataset>/<model>/leave_out/<job>.json (each job has its share of the groups), evidence.json


rule leave_out:
    input:
        folder=rules.problem.output.folder,
        posterior=rules.fit.output.posterior,
        settings=f"{RESULTS}/settings/leave_out.json",
    output:
        groups=f"{RESULTS}/{{dataset}}/{{model}}/leave_out/{{job}}.json",
    log:
        f"{LOGS}/leave_out/{{dataset}}/{{model}}/{{job}}.log",
    benchmark:
        f"{BENCHMARKS}/leave_out/{{dataset}}/{{model}}/{{job}}.tsv"
    wildcard_constraints:
        job="[0-9]+",
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(240),
    params:
        unit=lambda wildcards: left_out_of(SETTINGS, wildcards.dataset),
        members=lambda wildcards: [w for name in members_of(SETTINGS, wildcards.dataset) for w in ("--data-set", name)],
        jobs=SETTINGS.comparison.jobs,
        source=SOURCE["leave_out"],
    message:
        "Leave out: job {wildcards.job} of {wildcards.model} of {wildcards.dataset}"
    shell:
        "il6infer leaveout {input.folder:q}/problem.yaml {input.posterior:q} --config {input.settings:q}"
        " --by {params.unit} --job {wildcards.job} --jobs {params.jobs} {params.members:q} --threads {threads}"
        " --output {output.groups:q} > {log:q} 2>&1"


rule evidence:
    input:
        folder=rules.problem.output.folder,
        posterior=rules.fit.output.posterior,
        settings=f"{RESULTS}/settings/evidence.json",
    output:
        table=report(
            f"{RESULTS}/{{dataset}}/{{model}}/evidence.json",
            caption="../report/evidence.rst",
            category="Comparison",
            labels={"data set": "{dataset}", "model": "{model}"},
        ),
    log:
        f"{LOGS}/evidence/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/evidence/{{dataset}}/{{model}}.tsv"
    conda:
        "../envs/il6infer.yaml"
    threads: fit_threads()
    resources:
        mem_mb=more(3000),
        runtime=more(240),
    params:
        source=SOURCE["evidence"],
    message:
        "Evidence: {wildcards.model} of {wildcards.dataset}"
    shell:
        "il6infer evidence {input.folder:q}/problem.yaml {input.posterior:q} --config {input.settings:q}"
        " --threads {threads} --output {output.table:q} > {log:q} 2>&1"
