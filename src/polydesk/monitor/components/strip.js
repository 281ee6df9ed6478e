// Which session is shown, on which data, how old it is; and what must not be overlooked.
export default {
  props: { items: Array, label: String, banner: String },
  template: `
  <div>
    <p v-if="banner" class="pd-banner" role="note">{{ banner }}</p>
    <dl class="pd-strip" :aria-label="label">
      <div v-for="item in items" :key="item.key" :class="item.tone" :data-key="item.key">
        <dt>{{ item.label }}</dt>
        <dd :title="item.text"><a v-if="item.href" :href="item.href">{{ item.text }}</a><template v-else>{{ item.text }}</template></dd>
      </div>
    </dl>
  </div>`,
};
