# Stage report: everything -> one self-contained page.
#
# Requires: the outputs of ingest, problem, draw, prior, fit, diagnose, identify, compare and predict for each data set and model;
#           <results>/settings/report.json (the whole configuration, defaults filled in); <dataset>/freed.json is shown where it is
# Outputs:  <results>/report/index.html, <results>/figures/*.{svg,pdf,csv}

# Inputs of it that no fit waits for: made again where they are gone, in seconds. Not so what fits are made of, and
# posteriors, which may be moved away.
SMALL = ("diagrams", "priors", "verdicts", "told", "comparisons", "held_out", "claims", "answers", "predictions")


rule report:
    input:
        settings=f"{RESULTS}/settings/report.json",
        measurements=expand(rules.ingest.output.measurements, dataset=FITTED),
        protocols=expand(rules.ingest.output.protocol, dataset=FITTED),
        summaries=expand(rules.ingest.output.summary, dataset=FITTED),
        problems=of_each_fit(rules.problem.output.folder),
        diagrams=of_each_fit(rules.draw.output.picture),
        priors=of_each_fit(rules.check_prior.output.check),
        posteriors=of_each_fit(rules.fit.output.posterior),
        verdicts=of_each_fit(rules.diagnose.output.verdict),
        told=of_each_fit(rules.identify.output.table),
        profiles=of_each_fit(rules.profile_gather.output.table) if SETTINGS.identifiability.profiles else [],
        comparisons=expand(rules.compare.output.table, dataset=FITTED),
        truths=[truth for dataset in FITTED if (truth := truth_of(DATASETS[dataset]))],
        modules=MODULES,
        held_out=[
            path
            for dataset in HELD_OUT
            for path in expand(rules.hold_out.output.scores, dataset=dataset, model=models_of(dataset))
        ],
        claims=expand(rules.weigh.output.table, dataset=FITTED) if CLAIMS else [],
        answers=of_each_fit(rules.predict.output.answers) if PREDICTIONS else [],
        predictions=expand(rules.weigh_predictions.output.table, dataset=FITTED) if PREDICTIONS else [],
    output:
        page=report(
            f"{RESULTS}/report/index.html",
            caption="../report/report.rst",
            category="Report",
        ),
        figures=directory(f"{RESULTS}/figures"),
    log:
        f"{LOGS}/report.log",
    benchmark:
        f"{BENCHMARKS}/report.tsv"
    conda:
        "../envs/il6infer.yaml"
    threads: 4
    resources:
        mem_mb=more(3000),
        runtime=more(20),
    params:
        results=subpath(output.page, ancestor=2),
        freed=lambda wildcards: freed_tables(),
        source=SOURCE["report"],
    message:
        "Report: {output.page}"
    shell:
        "il6infer report {input.settings:q} --results {params.results:q} --output {output.page:q}"
        " --threads {threads} --figures {output.figures:q} > {log:q} 2>&1"
