// Key figures: label, number with unit, remark.
export default {
  props: { items: Array, label: String },
  template: `
  <dl class="pd-tiles" :aria-label="label">
    <div v-for="item in items" :key="item.key" :class="['pd-tile', item.tone]" :data-key="item.key">
      <dt>{{ item.label }}</dt>
      <dd class="number"><span class="value">{{ item.value }}</span> <span class="unit">{{ item.unit }}</span></dd>
      <dd class="remark">{{ item.remark || "\u00a0" }}</dd>
    </div>
  </dl>`,
};
