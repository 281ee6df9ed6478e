// Curves over time, drawn by ECharts in the page's own colours.
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--pd-${name}`).trim();

export default {
  props: { series: { type: Array, default: () => [] }, spans: { type: Array, default: () => [] }, unit: String, label: String, empty: String, decimals: Number, step: Boolean, low: Number, high: Number },
  template: `<figure class="pd-chart" role="img" :aria-label="label">
    <div ref="plot"></div><p v-if="!points" class="pd-empty">{{ empty }}</p></figure>`,
  computed: {
    points() {
      return this.series.reduce((sum, one) => sum + one.data.length, 0);
    },
  },
  async mounted() {
    // Loaded once the page is there: numbers come first.
    const { echarts } = await import("nicegui-echart");
    if (!this.$refs.plot) return;
    this.chart = echarts.init(this.$refs.plot, null, { renderer: "canvas" });
    this.watcher = new ResizeObserver(() => this.chart.resize());
    this.watcher.observe(this.$refs.plot);
    this.night = matchMedia("(prefers-color-scheme: dark)");
    this.night.addEventListener("change", this.draw);
    window.addEventListener("polydesk-theme", this.draw);
    this.draw();
  },
  beforeUnmount() {
    this.night?.removeEventListener("change", this.draw);
    window.removeEventListener("polydesk-theme", this.draw);
    this.watcher?.disconnect();
    this.chart?.dispose();
  },
  watch: {
    series: "draw",
    low: "draw",
    high: "draw",
  },
  methods: {
    draw() {
      if (!this.chart) return;
      const family = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK SC', 'DejaVu Sans', sans-serif";
      const text = { color: colour("soft"), fontSize: 11, fontFamily: family };
      const grid = { lineStyle: { color: colour("line") } };
      const number = (value) =>
        value.toLocaleString("en-US", { minimumFractionDigits: this.decimals, maximumFractionDigits: this.decimals });
      const two = (part) => String(part).padStart(2, "0");
      const clock = (ms) => {
        const at = new Date(this.real(ms));
        return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
      };
      const day = (ms) => new Date(this.real(ms)).toISOString().slice(0, 10);
      this.chart.setOption(
        {
          animation: false,
          useUTC: true,
          textStyle: { fontFamily: family },
          grid: { left: 62, right: 14, top: 30, bottom: 26 },
          legend: { top: 0, left: 0, itemWidth: 18, itemHeight: 8, textStyle: text, data: this.series.map((one) => ({ name: one.name, icon: one.symbol || "roundRect" })) },
          tooltip: {
            trigger: "axis",
            confine: true,
            axisPointer: { type: "line", lineStyle: { color: colour("soft") } },
            backgroundColor: colour("card"),
            borderColor: colour("line"),
            textStyle: { color: colour("ink"), fontSize: 12 },
            renderMode: "richText",
            formatter: (told) => {
              const list = Array.isArray(told) ? told : [told];
              if (!list.length) return "";
              const at = list[0].value[0];
              const lines = list.map((one) => `${one.seriesName}: ${one.value[2] || `${number(one.value[1])} ${this.unit}`}`);
              return [this.spans.length ? `${day(at)} ${clock(at)} UTC` : clock(at), ...lines].join("\n");
            },
          },
          xAxis: {
            type: "value",
            min: 0,
            max: "dataMax",
            splitNumber: 6,
            axisLabel: { ...text, hideOverlap: true, formatter: clock, alignMaxLabel: "right" },
            axisLine: grid,
            axisTick: { show: false },
            splitLine: { show: false },
          },
          yAxis: {
            type: "value",
            name: this.unit,
            nameTextStyle: { ...text, align: "left", padding: [0, 0, 0, -56] },
            nameLocation: "start",
            nameGap: 10,
            scale: true,
            min: this.low ?? null,
            max: this.high ?? null,
            axisLabel: { ...text, formatter: (value) => number(value) },
            splitLine: grid,
          },
          series: this.series.map((one, at) => this.shape(one, at === 0)),
        },
        { replaceMerge: ["series"] },
      );
    },
    real(ms) {
      // From active time back to the clock: pauses between recordings take no room.
      const span = this.spans.findLast((s) => s[2] <= ms);
      return span ? span[0] + Math.min(ms - span[2], span[1] - span[0]) : ms;
    },
    pauses() {
      return this.spans.slice(1).map((s) => ({ xAxis: s[2] }));
    },
    shape(one, first) {
      const paint = colour(one.role);
      if (one.points)
        return {
          name: one.name,
          type: "scatter",
          data: one.data,
          symbol: one.symbol,
          symbolSize: 11,
          itemStyle: { color: paint, borderColor: colour("card"), borderWidth: 1 },
          z: 5,
        };
      return {
        name: one.name,
        type: "line",
        data: one.data,
        step: this.step ? "end" : false,
        showSymbol: false,
        connectNulls: false,
        itemStyle: { color: paint },
        lineStyle: { color: paint, width: one.thin ? 1 : 1.8, type: one.dash ? "dashed" : "solid" },
        markLine:
          first && this.pauses().length
            ? { symbol: "none", silent: true, label: { show: false }, lineStyle: { color: colour("soft"), type: "dotted" }, data: this.pauses() }
            : null,
        areaStyle: one.area ? { color: paint, opacity: 0.18, origin: "auto" } : null,
      };
    },
  },
};
