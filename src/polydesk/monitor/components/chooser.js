// A search box over names that the server looks up; keyboard and phone use the browser's own list.
export default {
  props: { label: String, options: Array, value: String, hint: String, missing: String, wrong: Boolean, answers: Number },
  emits: ["search", "choose"],
  template: `
  <div class="pd-chooser">
    <label :for="id">{{ label }}</label>
    <input :id="id" type="search" :list="id + '-list'" v-model="typed" :placeholder="hint" autocomplete="off" spellcheck="false"
        :aria-invalid="wrong" :aria-describedby="id + '-wrong'" @input="ask" @change="take" @keydown.enter="take"
        @focus="$event.target.select()" @blur="restore">
    <datalist :id="id + '-list'"><option v-for="o in options" :key="o.value" :value="o.value">{{ o.text }}</option></datalist>
    <span class="wrong" :id="id + '-wrong'" role="alert">{{ wrong ? missing : "" }}</span>
  </div>`,
  data() {
    return { typed: this.value, told: this.value, id: `chooser-${Math.random().toString(36).slice(2)}` };
  },
  watch: {
    value(now) {
      // What somebody is typing stays when the desk turns to another market by itself.
      if (document.activeElement?.id !== this.id || this.typed === this.told) this.typed = now;
      this.told = now;
    },
    answers() {
      if (!this.wrong) this.typed = this.value;
    },
  },
  beforeUnmount() {
    clearTimeout(this.waiting);
  },
  methods: {
    ask() {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.$emit("search", this.typed), 120);
    },
    restore() {
      // An emptied field would leave nobody told which market is shown.
      if (!this.typed.trim()) this.typed = this.told = this.value;
    },
    take() {
      clearTimeout(this.waiting);
      const text = this.typed.trim();
      if (!text || text === this.told) return;
      this.told = text;
      this.$emit("choose", text);
    },
  },
};
