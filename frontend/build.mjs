// Builds what the browser, the templates and the workflows need into build/: editor bundle, morph extension, fonts,
// icons, and the moment.js of workflows' expressions, which is no static file.
import { build } from "esbuild";
import { cp, mkdir, rm } from "node:fs/promises";

const out = "build/static/console", modules = "node_modules";
await rm("build/static", { recursive: true, force: true });
await rm("build/icons", { recursive: true, force: true });
await mkdir(`${out}/fonts`, { recursive: true });

await mkdir("build/workflows", { recursive: true });

await build({
  entryPoints: ["frontend/sql-editor.js"], outfile: `${out}/js/sql-editor.min.js`,
  bundle: true, minify: true, format: "esm", target: "es2022", legalComments: "none", logLevel: "warning",
});
await cp(`${modules}/idiomorph/dist/idiomorph-ext.min.js`, `${out}/js/idiomorph-ext.min.js`);
for (const [family, file] of [["inter", "inter-latin-wght-normal"], ["jetbrains-mono", "jetbrains-mono-latin-wght-normal"]])
  await cp(`${modules}/@fontsource-variable/${family}/files/${file}.woff2`, `${out}/fonts/${file}.woff2`);
await cp(`${modules}/@tabler/icons/icons/outline`, "build/icons", { recursive: true });
await cp(`${modules}/moment/min/moment.min.js`, "build/workflows/moment.min.js");
// The bundler has been seen to keep the process alive after its work.
process.exit(0);
