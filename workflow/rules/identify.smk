# Stage identify: posterior -> what the data tell of each parameter; only when asked for (`snakemake profiles`, or
# `identifiability: {profiles: true}`), the profile likelihood of each, in jobs that share the parameters of a fit.
#
# Requires: <results>/<dataset>/<model>/{problem/,posterior.nc}, <results>/settings/fit.json
# Outputs:  <results>/<dataset>/<model>/identifiability.json, profiles/<part>.json, profiles.json, profiles.svg


rule identify:
    input:
        folder=rules.problem.output.folder,
        posterior=rules.fit.output.posterior,
        settings=f"{RESULTS}/settings/fit.json",
    output:
        table=f"{RESULTS}/{{dataset}}/{{model}}/identifiability.json",
    log:
        f"{LOGS}/identify/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/identify/{{dataset}}/{{model}}.tsv"
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(30),
    params:
        source=SOURCE["identify"],
    message:
        "Identify: what do the data tell of the parameters of {wildcards.model} of {wildcards.dataset}?"
    shell:
        "il6infer identify run {input.folder:q}/problem.yaml {input.posterior:q} --config {input.settings:q}"
        " --output {output.table:q} > {log:q} 2>&1"


rule profile_part:
    input:
        folder=rules.problem.output.folder,
        posterior=rules.fit.output.posterior,
        found=rules.identify.output.table,
        settings=f"{RESULTS}/settings/fit.json",
    output:
        part=f"{RESULTS}/{{dataset}}/{{model}}/profiles/{{number}}.json",
    log:
        f"{LOGS}/profile_part/{{dataset}}/{{model}}/{{number}}.log",
    benchmark:
        f"{BENCHMARKS}/profile_part/{{dataset}}/{{model}}/{{number}}.tsv"
    wildcard_constraints:
        number="[0-9]+",
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(60),
    params:
        parts=SETTINGS.identifiability.parts,
        source=SOURCE["profile_part"],
    message:
        "Identify: profile likelihoods of {wildcards.model} of {wildcards.dataset}, part {wildcards.number}"
    shell:
        "il6infer identify profile {input.folder:q}/problem.yaml {input.posterior:q} --from {input.found:q}"
        " --part {wildcards.number} --parts {params.parts} --config {input.settings:q}"
        " --output {output.part:q} > {log:q} 2>&1"


rule profile_gather:
    input:
        parts=expand(
            f"{RESULTS}/{{{{dataset}}}}/{{{{model}}}}/profiles/{{number}}.json",
            number=range(SETTINGS.identifiability.parts),
        ),
    output:
        table=f"{RESULTS}/{{dataset}}/{{model}}/profiles.json",
        figure=report(
            f"{RESULTS}/{{dataset}}/{{model}}/profiles.svg",
            caption="../report/profiles.rst",
            category="Identifiability",
            labels={"data set": "{dataset}", "model": "{model}"},
        ),
    log:
        f"{LOGS}/profile_gather/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/profile_gather/{{dataset}}/{{model}}.tsv"
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        source=SOURCE["profile_gather"],
    message:
        "Identify: what do the profiles of {wildcards.model} of {wildcards.dataset} say?"
    shell:
        "il6infer identify gather {input.parts:q} --output {output.table:q} --figure {output.figure:q} > {log:q} 2>&1"


rule profiles:
    input:
        of_each_fit(rules.profile_gather.output.table),
