// A search box over a list of names; keyboard and phone use the browser's own list.
export default {
  props: { label: String, options: Array, value: String, hint: String, missing: String },
  emits: ["choose"],
  template: `
  <div class="pd-chooser">
    <label :for="id">{{ label }}</label>
    <input :id="id" type="search" :list="id + '-list'" v-model="typed" :placeholder="hint" autocomplete="off" spellcheck="false"
        :aria-invalid="wrong" @change="take" @keydown.enter="take" @focus="$event.target.select()">
    <datalist :id="id + '-list'"><option v-for="o in options" :key="o.value" :value="o.value">{{ o.text }}</option></datalist>
    <span class="wrong" role="alert">{{ wrong ? missing : "" }}</span>
  </div>`,
  data() {
    return { typed: this.value, wrong: false, id: `chooser-${Math.random().toString(36).slice(2)}` };
  },
  watch: {
    value(now) {
      this.typed = now;
      this.wrong = false;
    },
  },
  methods: {
    take() {
      const text = this.typed.trim().toLowerCase();
      if (!text) return;
      const fits = (o) => o.value.toLowerCase().includes(text) || (o.text || "").toLowerCase().includes(text);
      const found = this.options.find((o) => o.value.toLowerCase() === text) || this.options.find(fits);
      this.wrong = !found;
      if (found && found.value !== this.value) this.$emit("choose", found.value);
      if (found) this.typed = found.value;
    },
  },
};
