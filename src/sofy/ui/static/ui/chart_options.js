// From the short description of a chart to the options of ECharts, in the colours of the page.
const TONES = { green: "--chart-good", red: "--chart-bad", orange: "--chart-warn", grey: "--chart-calm", blue: "--chart-1" };
const CYCLE = ["--chart-1", "--chart-2", "--chart-3", "--chart-4", "--chart-5", "--chart-6"];

/** Where the names beside the bars leave little room for them. */
export const narrow = matchMedia("(max-width: 639.98px)");

/** How many lines the names under a chart take: on a phone they do not fit into one. */
const legendLines = (series) => (narrow.matches ? Math.ceil(series.reduce((wide, s) => wide + 48 + 7 * s.name.length, 0) / 320) : 1);

export const options = (spec, style) => {
  const value = (name) => style.getPropertyValue(name).trim();
  const colour = (tone, index) => value(TONES[tone] ?? CYCLE[index % CYCLE.length]);
  const text = value("--chart-text");
  const grid = value("--chart-grid");
  const amount = new Intl.NumberFormat(document.documentElement.lang || "fr");
  const common = {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    textStyle: { fontFamily: style.fontFamily, color: text },
    // HTML in a tooltip would need inline styles, which the page's policy refuses.
    tooltip: {
      renderMode: "richText", confine: true, valueFormatter: (n) => `${amount.format(n)}${spec.unit ? ` ${spec.unit}` : ""}`,
      backgroundColor: value("--chart-tip"), textStyle: { color: text }, borderColor: grid,
    },
    legend: { show: spec.series.length > 1, bottom: 0, textStyle: { color: text }, icon: "roundRect" },
    grid: { left: 8, right: 48, top: 16, bottom: spec.series.length > 1 ? 14 + 22 * legendLines(spec.series) : 8, containLabel: true },
  };
  const axisLabel = { color: text, hideOverlap: true };
  const names = { type: "category", data: spec.labels, axisLabel, axisLine: { lineStyle: { color: grid } }, axisTick: { show: false } };
  const numbers = { type: "value", minInterval: 1, axisLabel: { ...axisLabel, formatter: (n) => amount.format(n) }, splitLine: { lineStyle: { color: grid } } };
  const itemsOf = (series) => series.values.map((n, i) => ({
    value: n, name: spec.labels[i], itemStyle: { color: colour(series.tones?.[i], i) },
  }));

  if (spec.kind === "donut") {
    const pie = { type: "pie", radius: ["52%", "78%"], itemStyle: { borderColor: value("--chart-tip"), borderWidth: 2 } };
    const label = { color: text, formatter: (p) => `${p.name} ${amount.format(p.value)}` };
    const tooltip = { ...common.tooltip, trigger: "item" };
    return { ...common, tooltip, series: spec.series.map((s) => ({ ...pie, name: s.name, data: itemsOf(s), label })) };
  }
  if (spec.kind === "heat") {
    const values = spec.series[0].values;
    const most = Math.max(1, ...values.map((v) => v[2]));
    return {
      ...common, tooltip: { ...common.tooltip, trigger: "item" }, xAxis: { ...names }, yAxis: { ...names, data: spec.rows, inverse: true },
      visualMap: { show: false, min: 0, max: most, inRange: { color: [value("--chart-cold"), value("--chart-1")] } },
      series: [{ type: "heatmap", name: spec.series[0].name, data: values, itemStyle: { borderColor: value("--chart-tip"), borderWidth: 2 } }],
    };
  }
  // One moment alone makes no line: a bar shows it.
  const lines = (spec.kind === "line" || spec.kind === "area") && spec.labels.length > 1;
  // Steps of a funnel are lengths of one colour: shape and colour would say nothing more.
  const across = spec.kind === "hbar" || spec.kind === "funnel";
  const series = spec.series.map((s, i) => ({
    type: lines ? "line" : "bar", name: s.name, data: lines || !s.tones ? s.values : itemsOf(s), color: colour(s.tone, i),
    stack: spec.kind === "stacked" ? "all" : undefined, barMaxWidth: 40, showSymbol: false, smooth: false,
    areaStyle: spec.kind === "area" ? { opacity: 0.15 } : undefined, itemStyle: lines ? {} : { borderRadius: 3 },
    label: across && spec.series.length === 1 ? { show: true, position: "right", color: text, formatter: (p) => amount.format(p.value) } : undefined,
  }));
  // Beside the bars a long name takes several lines: on a phone it would be cut.
  const beside = { ...names, inverse: true, axisLabel: { ...axisLabel, width: narrow.matches ? 110 : 260, overflow: "break", lineHeight: 15 } };
  const tooltip = { ...common.tooltip, trigger: "axis", axisPointer: { type: lines ? "line" : "shadow" } };
  return { ...common, tooltip, series, grid: { ...common.grid, left: across ? 20 : 8 }, xAxis: across ? numbers : names, yAxis: across ? beside : numbers };
};
