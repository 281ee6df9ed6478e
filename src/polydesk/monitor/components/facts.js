// Named facts, one a line; a tone marks what to look at.
export default {
  props: { items: Array, label: String },
  template: `
  <dl class="pd-facts" :aria-label="label">
    <div v-for="item in items" :key="item.key" :class="item.tone" :data-key="item.key">
      <dt>{{ item.label }}</dt><dd><a v-if="item.href" :href="item.href">{{ item.text }}</a><template v-else>{{ item.text }}</template></dd>
    </div>
  </dl>`,
};
