// How the page is built. Every file that the page loads is one of ours, has a digest in its name, and
// lies below /desk/assets: the page's policy allows nothing else.
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  base: "/desk/",
  plugins: [vue()],
  define: { __VUE_OPTIONS_API__: "false" },
  build: {
    assetsInlineLimit: 0, // nothing as data: in a style sheet
    modulePreload: false,
    target: "es2022",
    emptyOutDir: true,
  },
});
