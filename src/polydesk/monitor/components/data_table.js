// A table whose rows can be chosen with a button in their first cell. Rows keep their place and take new contents, so
// nothing moves; while somebody points at it or is in it with the keyboard it holds still, so nobody picks the wrong row.
export default {
  props: {
    caption: String,
    columns: { type: Array, default: () => [] },
    rows: { type: Array, default: () => [] },
    empty: String,
    pick: String,
    held: String,
    least: Number,
    quiet: Boolean,
  },
  emits: ["pick"],
  template: `
  <div class="pd-scroll" role="region" tabindex="0" :aria-label="caption" :style="{ minHeight: height }"
      @pointerenter="point" @pointerleave="leave" @focusin="enter" @focusout="blur">
    <table :class="['pd-table', { stable: wide }]" :style="{ minWidth: wide ? wide + 'rem' : null }">
      <caption :class="{ 'pd-hidden': quiet }">{{ caption }}</caption>
      <colgroup v-if="wide"><col v-for="c in columns" :key="c.key" :style="{ width: c.width + 'rem' }"></colgroup>
      <thead>
        <tr><th v-for="c in columns" :key="c.key" scope="col" :class="{ num: c.num }">{{ c.label }}</th></tr>
      </thead>
      <tbody>
        <tr v-if="!shown.length" class="pd-empty"><td :colspan="columns.length">{{ empty }}</td></tr>
        <tr v-for="(row, at) in shown" :key="at" :class="[row.tone, pick ? 'pd-pick' : '']" :data-id="row.id">
          <component v-for="(cell, i) in row.cells" :key="i" :is="i === 0 && !pick ? 'th' : 'td'"
              :scope="i === 0 && !pick ? 'row' : null" :class="[{ num: columns[i].num }, cell.tone]" :title="cell.title || (wide ? text(cell) : null)">
            <a v-if="cell.href" :href="cell.href">{{ cell.text }}</a>
            <button v-else-if="i === 0 && pick" type="button" :aria-label="pick + ': ' + label(row)"
                @click="$emit('pick', row.id)">{{ text(cell) }}</button>
            <input v-else-if="cell.check !== undefined" type="checkbox" :checked="cell.check" :aria-label="cell.text"
                @change="$emit('pick', row.id)">
            <template v-else>{{ text(cell) }}</template>
          </component>
        </tr>
      </tbody>
    </table>
    <p v-if="kept && kept !== rows && held" class="pd-held">{{ held }}</p>
  </div>`,
  data() {
    return { kept: null, over: false, inside: false };
  },
  computed: {
    shown() {
      return this.kept || this.rows;
    },
    wide() {
      return this.columns.reduce((sum, c) => sum + (c.width || 0), 0);
    },
    height() {
      return this.least ? `${this.least * 1.9 + 2.8 + (this.quiet ? 0 : 2)}rem` : null;
    },
  },
  methods: {
    text(cell) {
      return typeof cell === "object" ? cell.text : cell;
    },
    label(row) {
      return row.cells.slice(0, 5).map(this.text).join(", ");
    },
    point(event) {
      // A finger leaves no pointer behind that would ever go away.
      this.over = event.pointerType === "mouse";
      this.hold();
    },
    leave() {
      this.over = false;
      this.hold();
    },
    enter(event) {
      this.inside = event.target !== event.currentTarget;
      this.hold();
    },
    blur() {
      this.inside = false;
      this.hold();
    },
    hold() {
      const still = Boolean(this.pick && this.held && (this.over || this.inside));
      this.kept = still ? this.kept || this.rows : null;
    },
  },
};
