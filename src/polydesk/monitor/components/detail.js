// A dialog with everything about one decision or order; Escape and the button close it.
export default {
  props: { open: Boolean, title: String, lead: String, facts: Array, tables: Array, close: String },
  emits: ["close"],
  template: `
  <dialog ref="dialog" class="pd-dialog" aria-labelledby="pd-dialog-title" @close="$emit('close')" @click="outside">
    <div class="inner">
      <header><h2 id="pd-dialog-title">{{ title }}</h2><button type="button" autofocus @click="$refs.dialog.close()">{{ close }}</button></header>
      <p>{{ lead }}</p>
      <dl class="pd-facts"><div v-for="f in facts" :key="f.label"><dt>{{ f.label }}</dt><dd>{{ f.text }}</dd></div></dl>
      <section v-for="table in tables" :key="table.caption" class="pd-scroll">
        <table class="pd-table">
          <caption>{{ table.caption }}</caption>
          <thead><tr><th v-for="(h, at) in table.heads" :key="at" scope="col" :class="{ num: h.num }">{{ h.label }}</th></tr></thead>
          <tbody>
            <tr v-if="!table.rows.length" class="pd-empty"><td :colspan="table.heads.length">{{ table.empty }}</td></tr>
            <tr v-for="(row, at) in table.rows" :key="at" :class="row.tone">
              <component v-for="(cell, i) in row.cells" :key="i" :is="i === 0 ? 'th' : 'td'" :scope="i === 0 ? 'row' : null"
                  :class="{ num: table.heads[i].num }">{{ cell }}</component>
            </tr>
          </tbody>
        </table>
      </section>
    </div>
  </dialog>`,
  watch: {
    open(now) {
      if (now && !this.$refs.dialog.open) this.$refs.dialog.showModal();
      if (!now && this.$refs.dialog.open) this.$refs.dialog.close();
    },
  },
  mounted() {
    if (this.open) this.$refs.dialog.showModal();
  },
  methods: {
    outside(event) {
      if (event.target === this.$refs.dialog) this.$refs.dialog.close();
    },
  },
};
