// The fitted models in the reader's browser: the equations of each, draws of its posterior, and the Rosenbrock method
// Rodas4 (Hairer & Wanner, Solving Ordinary Differential Equations II, section IV.7) in increment form.
(() => {
  "use strict";
  const A4 = [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895];
  const A = [[], [1.544], [0.9466785280815826, 0.2557011698983284],
    [3.314825187068521, 2.896124015972201, 0.9986419139977817], A4, [...A4, 1]];
  const C = [[], [-5.6688], [-2.430093356833875, -0.2063599157091915],
    [-0.1073529058151375, -9.594562251023355, -20.47028614809616],
    [7.496443313967647, -10.24680431464352, -33.99990352819905, 11.7089089320616],
    [8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054]];
  const M = [...A4, 1, 1];
  const H1 = [10.12623508344586, -7.487995877610167, -34.80091861555747, -7.992771707568823, 1.025137723295662, 0];
  const H2 = [-0.6762803392801253, 6.087714651680015, 16.43084320892478, 24.76722511418386, -6.594389125716872, 0];
  const GAMMA = 0.25, RTOL = 1e-4, ATOL = 1e-8, MAX_STEPS = 3000, LONG = 1e7;

  function factorise(a, n, pivot) {
    for (let k = 0; k < n; k++) {
      let best = k;
      for (let i = k + 1; i < n; i++) if (Math.abs(a[i * n + k]) > Math.abs(a[best * n + k])) best = i;
      pivot[k] = best;
      if (best !== k) for (let j = 0; j < n; j++) { const s = a[k * n + j]; a[k * n + j] = a[best * n + j]; a[best * n + j] = s; }
      const d = 1 / a[k * n + k];
      for (let i = k + 1; i < n; i++) {
        const f = a[i * n + k] * d;
        if (f !== 0) { a[i * n + k] = f; for (let j = k + 1; j < n; j++) a[i * n + j] -= f * a[k * n + j]; }
      }
    }
  }
  function solve(a, n, pivot, b) {
    for (let k = 0; k < n; k++) if (pivot[k] !== k) { const s = b[k]; b[k] = b[pivot[k]]; b[pivot[k]] = s; }
    for (let i = 1; i < n; i++) { let s = b[i]; for (let j = 0; j < i; j++) s -= a[i * n + j] * b[j]; b[i] = s; }
    for (let i = n - 1; i >= 0; i--) {
      let s = b[i];
      for (let j = i + 1; j < n; j++) s -= a[i * n + j] * b[j];
      b[i] = s / a[i * n + i];
    }
  }
  // Integrate from y (changed in place) over [0, end]; visit(i, y) at each of `times`. False where it fails.
  function integrate(model, p, y, end, times, visit) {
    const n = y.length, J = new Float64Array(n * n), W = new Float64Array(n * n), pivot = new Int32Array(n);
    const K = Array.from({ length: 6 }, () => new Float64Array(n)), w = new Float64Array(n), f = new Float64Array(n);
    const out = new Float64Array(n);
    let t = 0, h = Math.min(1e-3, end), at = 0;
    while (at < times.length && times[at] <= 0) { visit(at, y); at++; }
    for (let step = 0; step < MAX_STEPS; step++) {
      if (t >= end * (1 - 1e-12)) return true;
      h = Math.min(h, end - t);
      J.fill(0); model.jacobian(y, p, J);
      for (let i = 0; i < n * n; i++) W[i] = -J[i];
      for (let i = 0; i < n; i++) W[i * n + i] += 1 / (h * GAMMA);
      factorise(W, n, pivot);
      for (let s = 0; s < 6; s++) {
        for (let i = 0; i < n; i++) { let v = y[i]; for (let j = 0; j < s; j++) v += A[s][j] * K[j][i]; w[i] = v; }
        model.rhs(w, p, f);
        for (let i = 0; i < n; i++) { let v = f[i]; for (let j = 0; j < s; j++) v += C[s][j] / h * K[j][i]; K[s][i] = v; }
        solve(W, n, pivot, K[s]);
      }
      let error = 0;
      for (let i = 0; i < n; i++) {
        const next = w[i] + K[5][i], scale = ATOL + RTOL * Math.max(Math.abs(y[i]), Math.abs(next));
        error += (K[5][i] / scale) ** 2;
      }
      error = Math.sqrt(error / n);
      if (!(error <= 1)) {
        h *= Number.isFinite(error) ? Math.max(0.2, 0.9 * error ** -0.25) : 0.1;
        if (!(h > 1e-12)) return false;
        continue;
      }
      while (at < times.length && times[at] <= t + h * (1 + 1e-12)) {
        const x = Math.min(1, (times[at] - t) / h);
        for (let i = 0; i < n; i++) {
          let v = y[i];
          for (let j = 0; j < 6; j++) v += x * (M[j] + (1 - x) * (H1[j] + x * H2[j])) * K[j][i];
          out[i] = v;
        }
        visit(at, out); at++;
      }
      for (let i = 0; i < n; i++) y[i] = w[i] + K[5][i];
      t += h;
      h *= Math.min(6, Math.max(0.2, 0.9 * Math.max(error, 1e-6) ** -0.25));
    }
    return false;
  }

  class Model {
    constructor(given) {
      Object.assign(this, given);
      Object.assign(this, new Function(given.code)());
      this.names = Object.keys(given.readouts);
      this.factors = given.sliders.filter(s => s.kind === "factor");
      this.doses = given.sliders.filter(s => s.kind === "dose");
      this.cells = new Map();
    }
    // Cells at rest for a draw: kept, for only receptors move them.
    atRest(draw, factors) {
      const key = draw + ":" + factors.join(",");
      if (!this.cells.has(key)) {
        if (this.cells.size > 400) this.cells.clear();
        const p = this.parameters(this.draws[draw], factors), y = this.initial(p, new Float64Array(this.states.length));
        this.cells.set(key, integrate(this, p, y, LONG, [], () => {}) ? { p, y } : null);
      }
      return this.cells.get(key);
    }
    // Course of each read-out (names, times) for a draw; null where the simulation fails.
    course(draw, settings, times) {
      const cell = this.atRest(draw, this.factors.map(s => settings[s.name] ?? 1));
      if (!cell) return null;
      const y = Float64Array.from(cell.y), found = this.names.map(() => new Float64Array(times.length));
      for (const s of this.doses) if (settings[s.name] > 0) y[this.states.indexOf(s.name)] += settings[s.name];
      const seen = new Float64Array(this.names.length);
      const visit = (i, z) => { this.read(z, cell.p, seen); seen.forEach((v, k) => { found[k][i] = v; }); };
      return integrate(this, cell.p, y, times[times.length - 1], times, visit) ? found : null;
    }
    // Largest difference from the courses of the fit's engine, relative to the largest value of each.
    check() {
      let worst = 0;
      for (const one of this.references) {
        const got = this.course(one.draw, one.settings, one.times);
        if (!got) return Infinity;
        for (const [name, values] of Object.entries(one.values)) {
          const own = got[this.names.indexOf(name)], top = Math.max(1e-9, ...values.map(Math.abs));
          values.forEach((v, i) => { worst = Math.max(worst, Math.abs(own[i] - v) / top); });
        }
      }
      return worst;
    }
  }

  function quantiles(values, weights, at) {
    const order = values.map((_, i) => i).filter(i => Number.isFinite(values[i])).sort((a, b) => values[a] - values[b]);
    const total = order.reduce((s, i) => s + weights[i], 0);
    if (!order.length || !(total > 0)) return at.map(() => NaN);
    let sum = 0;
    const mids = order.map(i => { sum += weights[i]; return (sum - weights[i] / 2) / total; });
    return at.map(q => {
      let k = mids.findIndex(m => m >= q);
      if (k === 0) return values[order[0]];
      if (k < 0) return values[order[order.length - 1]];
      const x = (q - mids[k - 1]) / (mids[k] - mids[k - 1] || 1);
      return values[order[k - 1]] + x * (values[order[k]] - values[order[k - 1]]);
    });
  }
  const TOLERANCE = 0.02;  // beyond it, a model is not shown: the browser does not compute what the engine does
  const show = v => v === 0 ? "0" : !Number.isFinite(v) ? "n/a" : Math.abs(v) >= 1e4 || Math.abs(v) < 1e-3 ? v.toExponential(1) : String(Number(v.toPrecision(3)));
  const escape = s => String(s).replace(/[&<>"]/g, c => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

  function start(root) {
    const given = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    const models = given.models.map(m => new Model(m));
    const $ = name => root.querySelector(`[data-part=${name}]`);
    const state = { model: given.averaged ? "average" : models[0].name, readout: models[0].names[0], settings: {}, over: "", time: 30 };
    const sliders = [];
    for (const m of models) for (const s of m.sliders) {
      const known = sliders.find(o => o.name === s.name);
      if (!known) sliders.push({ ...s });
      else if (s.measured_high !== null) Object.assign(known, { measured_low: Math.min(s.measured_low, known.measured_low ?? Infinity), measured_high: Math.max(s.measured_high, known.measured_high ?? 0), start: known.start || s.start });
    }
    for (const s of sliders) state.settings[s.name] = s.start;
    state.over = (sliders.find(s => s.kind === "dose") || {}).name || "";
    const until = Math.max(...models.map(m => m.until)), tested = Math.max(...models.map(m => m.tested));
    state.time = Math.min(30, until);
    const toValue = (s, x) => x <= 0 ? 0 : s.low * (s.high / s.low) ** ((x - 1) / 999);
    const toPlace = (s, v) => v <= 0 ? 0 : Math.round(1 + 999 * Math.log(v / s.low) / Math.log(s.high / s.low));
    const words = (s, v) => s.kind === "factor" ? `× ${show(v)}` : `${show(v)} nM` + (s.nM_per_ng_ml && v > 0 ? ` (${show(v * s.nM_per_ng_ml)} ng/ml)` : "");
    const outside = (s, v) => s.kind === "factor" ? Math.abs(v - 1) > 1e-6 : v > 0 && (s.measured_high === null || v > s.measured_high * 1.0001 || v < s.measured_low * 0.9999);

    const bad = [];
    for (const m of models) { m.error = m.check(); if (!(m.error <= TOLERANCE)) { m.wrong = true; bad.push(m.label); } }
    const usable = models.filter(m => !m.wrong);
    $("check").textContent = (usable.length ? `Simulated here, and checked against the engine of the fits: largest difference ${show(100 * Math.max(...usable.map(m => m.error)))} % of the largest value.` : "")
      + (bad.length ? ` Not shown, for this browser does not reproduce the engine: ${bad.join(", ")}.` : "");
    if (!usable.length) { root.dataset.ready = "none"; return; }
    if (state.model !== "average" && !usable.some(m => m.name === state.model)) state.model = usable[0].name;

    const choose = $("model"), readouts = $("readout");
    const weighted = usable.filter(m => m.weight > 0);
    if (given.averaged && weighted.length) choose.add(new Option("averaged over the models by weight", "average"));
    else if (state.model === "average") state.model = usable[0].name;
    for (const m of usable) choose.add(new Option(m.label + (m.doubts.length ? ` – ${m.doubts.join(", ")}` : ""), m.name));
    choose.value = state.model;
    const names = [...new Set(usable.flatMap(m => m.names))];
    for (const name of names) readouts.add(new Option(name.replaceAll("_", " "), name));
    readouts.value = state.readout;
    const holder = $("sliders");
    sliders.push({ name: " time", label: "time", kind: "time", low: 0, high: until, start: state.time });
    for (const s of sliders) {
      const label = document.createElement("label"), input = document.createElement("input"), out = document.createElement("output");
      input.type = "range"; input.min = 0; input.max = s.kind === "time" ? until : 1000; input.dataset.slider = s.name.trim();
      input.value = s.kind === "time" ? state.time : toPlace(s, state.settings[s.name]);
      const name = document.createElement("span"); name.textContent = s.label;
      label.append(name, out, input); holder.append(label);
      s.input = input; s.out = out;
      input.addEventListener("input", () => {
        if (s.kind === "time") state.time = Number(input.value);
        else { state.settings[s.name] = toValue(s, Number(input.value)); if (s.kind === "dose") state.over = s.name; }
        draw(); later();
      });
    }
    for (const s of given.missing) {
      const p = document.createElement("p"); p.className = "note"; p.textContent = s; holder.append(p);
    }
    choose.addEventListener("change", () => { state.model = choose.value; draw(); later(); });
    readouts.addEventListener("change", () => { state.readout = readouts.value; draw(); later(); });
    $("each").addEventListener("change", () => draw());

    // Of an average, what is doubted of the models that have a say in it.
    const doubtsOf = models => [...new Set(models.filter(m => state.model !== "average" || m.weight >= given.say).flatMap(m => m.doubts))];
    const chosen = () => state.model === "average" ? weighted : usable.filter(m => m.name === state.model);
    function pooled(settings, times, most) {
      const rows = [], weights = [], own = [];
      for (const m of chosen()) {
        const k = m.names.indexOf(state.readout);
        if (k < 0) continue;
        const lacks = sliders.filter(s => s.kind === "dose" && settings[s.name] > 0 && !m.doses.some(d => d.name === s.name));
        if (lacks.length) continue;
        const count = Math.min(most, m.draws.length), of = state.model === "average" ? m.weight : 1, mine = [];
        for (let d = 0; d < count; d++) {
          const c = m.course(d, settings, times);
          if (!c) continue;
          rows.push(c[k]); weights.push(of / count); mine.push(c[k]);
        }
        own.push({ m, rows: mine });
      }
      return { rows, weights, own };
    }
    const at = [0.05, 0.5, 0.95];
    const bandOf = (found, n) => Array.from({ length: n }, (_, i) => quantiles(found.rows.map(r => r[i]), found.weights, at));
    const times = Array.from({ length: 61 }, (_, i) => until * (i / 60) ** 1.7);
    let shown = {};

    function draw() {
      for (const s of sliders) s.out.textContent = s.kind === "time" ? `${show(state.time)} min` : words(s, state.settings[s.name]);
      for (const s of sliders) s.input.setAttribute("aria-valuetext", s.out.textContent);
      const found = pooled(state.settings, times, 40), band = bandOf(found, times.length);
      const lost = sliders.filter(s => s.kind !== "time" && outside(s, state.settings[s.name]));
      const lines = $("each").checked ? usable.map(m => {
        const k = m.names.indexOf(state.readout);
        if (k < 0 || sliders.some(s => s.kind === "dose" && state.settings[s.name] > 0 && !m.doses.some(d => d.name === s.name))) return null;
        const cs = Array.from({ length: Math.min(12, m.draws.length) }, (_, d) => m.course(d, state.settings, times)).filter(Boolean).map(c => c[k]);
        return { y: times.map((_, i) => quantiles(cs.map(c => c[i]), cs.map(() => 1), [0.5])[0]), grey: m.grey, label: m.label };
      }).filter(Boolean) : [];
      const models = chosen(), grey = models.every(m => m.grey);
      shown.course = { x: times, band, xlabel: "time [min]" };
      plot($("course"), { x: times, band, lines, grey, log: false, mark: state.time, xlabel: "time [min]", hatch: lost.length ? [0, until] : tested < until ? [tested, until] : null });
      const now = quantiles(found.rows.map(r => interpolate(times, r, state.time)), found.weights, at);
      const unit = usable.map(m => m.readouts[state.readout]).find(Boolean) || "";
      const doubts = doubtsOf(models);
      $("say").innerHTML = found.rows.length
        ? `<b>${escape(state.readout.replaceAll("_", " "))} at ${show(state.time)} min: ${show(now[1])}${unit ? " " + escape(unit) : ""}</b> (90 % band of the mean response: ${show(now[0])} to ${show(now[2])}).`
          + (lost.length ? ` <span class="warned">Extrapolation: ${lost.map(s => escape(s.label)).join(", ")} outside what was measured.</span>` : "")
          + (state.time > tested ? ` <span class="warned">Extrapolation: nothing was measured after ${show(tested)} min.</span>` : "")
          + (doubts.length ? ` <span class="bad">${escape(doubts.join(", "))}</span>` : "")
        : "No chosen model has all that is given here, or the read-out.";
    }
    function interpolate(x, y, v) {
      let k = x.findIndex(t => t >= v);
      if (k <= 0) return y[Math.max(k, 0)];
      return y[k - 1] + (v - x[k - 1]) / (x[k] - x[k - 1]) * (y[k] - y[k - 1]);
    }
    let timer = 0;
    function later() { clearTimeout(timer); timer = setTimeout(drawDoses, 120); }
    function drawDoses() {
      const s = sliders.find(o => o.name === state.over);
      if (!s) return;
      const x = Array.from({ length: 13 }, (_, i) => s.low * (s.high / s.low) ** (i / 12)), grid = [0, Math.max(state.time, 0.01)];
      const bands = x.map(dose => { const f = pooled({ ...state.settings, [s.name]: dose }, grid, 16); return quantiles(f.rows.map(r => r[1]), f.weights, at); });
      const grey = chosen().every(m => m.grey), others = sliders.some(o => o !== s && o.kind !== "time" && outside(o, state.settings[o.name]));
      const xlabel = `${s.label} [nM], at ${show(state.time)} min`;
      shown.doses = { x, band: bands, xlabel };
      plot($("doses"), { x, band: bands, lines: [], grey, log: true, mark: state.settings[s.name], xlabel, measured: others || s.measured_high === null ? [] : [s.measured_low, s.measured_high] });
      root.dataset.ready = "yes";
    }
    function plot(svg, o) {
      const W = 480, H = 300, L = 52, R = 18, T = 12, B = 40;
      const lo = o.log ? Math.log10(o.x[0]) : o.x[0], hi = o.log ? Math.log10(o.x[o.x.length - 1]) : o.x[o.x.length - 1];
      const tops = [...o.band.map(b => b[2]), ...o.lines.flatMap(l => l.y)].filter(Number.isFinite);
      const top = Math.max(1e-9, ...tops) * 1.08;
      const X = v => L + (W - L - R) * ((o.log ? Math.log10(v) : v) - lo) / (hi - lo || 1), Y = v => H - B - (H - B - T) * v / top;
      const path = ys => "M" + o.x.map((v, i) => [v, ys[i]]).filter(p => Number.isFinite(p[1])).map(([v, y]) => X(v).toFixed(1) + "," + Y(y).toFixed(1)).join("L");
      const area = path(o.band.map(b => b[2])) + "L" + o.x.map((v, i) => [v, o.band[i][0]]).filter(p => Number.isFinite(p[1])).reverse().map(([v, y]) => X(v).toFixed(1) + "," + Y(y).toFixed(1)).join("L") + "Z";
      const id = svg.dataset.part + root.dataset.set;
      let h = `<defs><pattern id="h${id}" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="8" stroke="var(--muted)" stroke-width="1.2" opacity=".55"/></pattern></defs>`;
      const hatch = (a, b) => b > a ? `<rect class="hatch" x="${X(a).toFixed(1)}" y="${T}" width="${(X(b) - X(a)).toFixed(1)}" height="${H - B - T}" fill="url(#h${id})"/>` : "";
      if (o.hatch) h += hatch(Math.max(o.hatch[0], o.x[0]), Math.min(o.hatch[1], o.x[o.x.length - 1]));
      if (o.measured) h += o.measured.length ? hatch(o.x[0], Math.max(o.x[0], o.measured[0])) + hatch(Math.min(o.measured[1], o.x[o.x.length - 1]), o.x[o.x.length - 1]) : hatch(o.x[0], o.x[o.x.length - 1]);
      const unit = 10 ** Math.floor(Math.log10(top / 4)), nice = [1, 2, 5, 10].map(k => k * unit).find(k => top / k <= 5.5);
      for (let v = 0; v <= top; v += nice) { const y = Y(v).toFixed(1); h += `<line class="grid" x1="${L}" x2="${W - R}" y1="${y}" y2="${y}"/><text x="${L - 6}" y="${+y + 4}" text-anchor="end">${show(v)}</text>`; }
      const ticks = o.log ? Array.from({ length: Math.floor(hi) - Math.ceil(lo) + 1 }, (_, i) => 10 ** (Math.ceil(lo) + i)) : Array.from({ length: 5 }, (_, i) => hi * i / 4);
      for (const v of ticks) h += `<text x="${X(v).toFixed(1)}" y="${H - B + 16}" text-anchor="middle">${show(v)}</text>`;
      h += `<text x="${(L + W - R) / 2}" y="${H - 6}" text-anchor="middle">${escape(o.xlabel)}</text>`;
      if (tops.length) h += `<path class="band${o.grey ? " grey" : ""}" d="${area}"/>`;
      for (const l of o.lines) h += `<path class="line${l.grey ? " grey" : ""}" d="${path(l.y)}"><title>${escape(l.label)}</title></path>`;
      if (tops.length) h += `<path class="median${o.grey ? " grey" : ""}" d="${path(o.band.map(b => b[1]))}"/>`;
      if (o.mark > 0 || !o.log) { const x = X(Math.min(Math.max(o.mark, o.x[0]), o.x[o.x.length - 1])).toFixed(1); h += `<line class="mark" x1="${x}" x2="${x}" y1="${T}" y2="${H - B}"/>`; }
      svg.innerHTML = h;
    }
    function save(name, type, text) {
      const a = document.createElement("a"); a.href = URL.createObjectURL(new Blob([text], { type })); a.download = name; a.click();
      setTimeout(() => URL.revokeObjectURL(a.href), 1000);
    }
    const settings = () => sliders.filter(s => s.kind !== "time").map(s => `${s.label}: ${s.out.textContent}`).join("; ");
    const doubtful = () => doubtsOf(chosen()).join(", ") || "converged, reproduces the data";
    $("svg").addEventListener("click", () => {
      const style = getComputedStyle(document.documentElement), colour = n => style.getPropertyValue("--" + n).trim();
      const css = `text{font:12px sans-serif;fill:#222}.grid{stroke:#ddd}.band{fill:#0072B2;opacity:.2}.median{fill:none;stroke:#0072B2;stroke-width:2}.line{fill:none;stroke:#009E73}.grey{stroke:#777!important}.band.grey{fill:#777;stroke:none!important}.mark{stroke:#D55E00;stroke-dasharray:4 3}`;
      const inner = n => $(n).innerHTML.replaceAll("var(--muted)", "#777");
      save("explorer.svg", "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 340"><style>${css}</style><rect width="960" height="340" fill="#fff"/>${inner("course")}<g transform="translate(480 0)">${inner("doses")}</g><text x="10" y="330">${escape(given.title)} ${escape(state.readout)}; ${escape(choose.selectedOptions[0].text)}; ${escape(settings())}; ${escape(doubtful())}</text></svg>`);
    });
    $("csv").addEventListener("click", () => {
      const quote = t => `"${String(t).replaceAll('"', '""')}"`;
      const rows = [["# model", choose.selectedOptions[0].text], ["# verdict", doubtful()], ["# data", given.title], ["# settings", settings()], ["curve", "x", "readout", "q05", "median", "q95"]];
      for (const one of [shown.course, shown.doses]) if (one) one.x.forEach((v, i) => rows.push([one.xlabel, v, state.readout, ...one.band[i]]));
      save("explorer.csv", "text/csv", rows.map(r => r.map(quote).join(",")).join("\n") + "\n");
    });
    draw(); drawDoses();
  }
  for (const root of document.querySelectorAll(".explorer")) {
    const go = () => { if (!root.dataset.ready) { root.dataset.ready = "starting"; start(root); } };
    if (!("IntersectionObserver" in window)) { go(); continue; }
    new IntersectionObserver((seen, watcher) => { if (seen.some(e => e.isIntersecting)) { watcher.disconnect(); go(); } }, { rootMargin: "600px" }).observe(root);
  }
})();
