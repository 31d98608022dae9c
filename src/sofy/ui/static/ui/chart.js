// Draws the charts of a page. A figure names its JSON: {kind, labels, series: [{name, values, tone?}], links?, unit?}.
// kind: bar | stacked | hbar | line | area | donut | funnel | heat (labels across, rows down, values [x, y, n]).
import * as echarts from "../vendor/echarts.js";
import { narrow, options } from "./chart_options.js";

const drawn = new Map();

const draw = (figure) => {
  const data = document.getElementById(figure.dataset.chart);
  const box = figure.querySelector(".chart-canvas");
  if (!data || !box) return;
  const first = !drawn.has(figure);
  if (first) {
    box.hidden = false;
    figure.querySelector(".chart-data").open = false;
  }
  const spec = JSON.parse(data.textContent);
  const chart = first ? echarts.init(box) : drawn.get(figure);
  drawn.set(figure, chart);
  chart.setOption(options(spec, getComputedStyle(document.body)), true);
  if (!first) return;
  chart.on("click", (point) => {
    const link = spec.links?.[point.dataIndex];
    if (link) location.assign(link);
  });
  new ResizeObserver(() => chart.resize()).observe(box);
};

const drawAll = () => {
  for (const figure of [...drawn.keys()]) if (!figure.isConnected) drawn.get(figure).dispose(), drawn.delete(figure);
  document.querySelectorAll("[data-chart]").forEach(draw);
};

document.documentElement.addEventListener("theme", drawAll);
document.addEventListener("sofy:content", drawAll);
narrow.addEventListener("change", drawAll);
drawAll();
