# Stage join: tables of several data sets -> those of one, to be fitted jointly.
#
# Requires: <results>/<member>/measurements.csv, protocol.csv and ingest.json of each data set of the joint fit
# Outputs:  <results>/<dataset>/measurements.csv, protocol.csv, ingest.json


rule join:
    input:
        tables=lambda wildcards: joined_tables(wildcards, rules.ingest.output),
    output:
        measurements=f"{RESULTS}/{{dataset}}/measurements.csv",
        protocol=f"{RESULTS}/{{dataset}}/protocol.csv",
        summary=f"{RESULTS}/{{dataset}}/ingest.json",
    log:
        f"{LOGS}/join/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/join/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=either(JOINT),
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        options=join_options,
        output=subpath(output.measurements, parent=True),
        source=SOURCE["join"],
    message:
        "Join: data sets of {wildcards.dataset}"
    shell:
        "il6infer join --name {wildcards.dataset} {params.options:q} --output {params.output:q} > {log:q} 2>&1"
