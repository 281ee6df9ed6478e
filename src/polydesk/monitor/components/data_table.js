// A table whose rows can be chosen with a button in their first cell; keeps its height when rows come and go.
export default {
  props: {
    caption: String,
    columns: Array,
    rows: Array,
    empty: String,
    pick: String,
    least: Number,
    quiet: Boolean,
  },
  emits: ["pick"],
  template: `
  <div class="pd-scroll" role="region" tabindex="0" :aria-label="caption" :style="{ minHeight: height }">
    <table class="pd-table">
      <caption :class="{ 'pd-hidden': quiet }">{{ caption }}</caption>
      <thead>
        <tr><th v-for="c in columns" :key="c.key" scope="col" :class="{ num: c.num }">{{ c.label }}</th></tr>
      </thead>
      <tbody>
        <tr v-if="!rows.length" class="pd-empty"><td :colspan="columns.length">{{ empty }}</td></tr>
        <tr v-for="row in rows" :key="row.key || row.id" :class="[row.tone, pick ? 'pd-pick' : '']">
          <component v-for="(cell, at) in row.cells" :key="at" :is="at === 0 && !pick ? 'th' : 'td'"
              :scope="at === 0 && !pick ? 'row' : null" :class="[{ num: columns[at].num }, cell.tone]">
            <a v-if="cell.href" :href="cell.href">{{ cell.text }}</a>
            <button v-else-if="at === 0 && pick" type="button" :aria-label="pick + ': ' + label(row)"
                @click="$emit('pick', row.id)">{{ text(cell) }}</button>
            <input v-else-if="cell.check !== undefined" type="checkbox" :checked="cell.check" :aria-label="cell.text"
                @change="$emit('pick', row.id)">
            <template v-else>{{ text(cell) }}</template>
          </component>
        </tr>
      </tbody>
    </table>
  </div>`,
  computed: {
    height() {
      return this.least ? `${(this.least + 1) * 1.9 + (this.quiet ? 0 : 2)}rem` : null;
    },
  },
  methods: {
    text(cell) {
      return typeof cell === "object" ? cell.text : cell;
    },
    label(row) {
      return row.cells.slice(0, 5).map(this.text).join(", ");
    },
  },
};
