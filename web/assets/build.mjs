// Bundles every file directly under src, here and in the npm folders beside it, to <out>/<its name>.js (and .css).
// What two of them share becomes a chunk; packages are taken from the npm folder a file stands in. The files of static
// go to <out>/own, made small.
// Every text file in <out>, what was copied there before as well, gets a Brotli copy beside it (.br).
// Usage: node build.mjs <out>
import { build } from "esbuild";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";

const here = import.meta.dirname;
const out = process.argv[2];
const folders = [here, ...readdirSync(here).map((name) => join(here, name))].filter((folder) =>
  existsSync(join(folder, "package.json")),
);

function listEntries(folder) {
  const source = join(folder, "src");
  if (!existsSync(source)) return [];
  return readdirSync(source)
    .filter((name) => name.endsWith(".js"))
    .map((name) => join(source, name));
}

// The licences ask for a copy of the notice of each package that is in a bundle.
function collectNotices(inputs) {
  const packages = new Set(inputs.map((path) => path.match(/.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]).filter(Boolean));
  return [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(here, folder, "package.json"), "utf8"));
    const notice = readdirSync(join(here, folder)).find((file) => /^licen[cs]e/i.test(file));
    const text = notice ? readFileSync(join(here, folder, notice), "utf8").trim() : `Licence: ${license}`;
    return `${name} ${version}\n\n${text}\n`;
  });
}

// Names in diagrams follow the language of the page: src/modeler/labels.js wraps the module that reads and writes them,
// and the places that pass it by are led there: three of the renderer, one of the path of planes.
const PASSING = /\bsemantic(?:\.name\b|\.get\('name'\))/g;
const CRUMB = "parent.name || parent.id";
const LABELS = 'import { getLabel } from "../../util/LabelUtil";\n';
const labels = {
  name: "labels",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/util\/LabelUtil$/ }, () => ({ path: join(here, "src/modeler/labels.js") }));
    onLoad({ filter: /bpmn-js\/lib\/draw\/BpmnRenderer\.js$/ }, ({ path }) => {
      const contents = readFileSync(path, "utf8");
      const count = contents.match(PASSING)?.length;
      if (count !== 3) throw new Error(`Expected 3 names that are read directly in ${path}, but found ${count}`);
      return { contents: contents.replace(PASSING, "getLabel(element)") };
    });
    onLoad({ filter: /bpmn-js\/lib\/features\/drilldown\/DrilldownBreadcrumbs\.js$/ }, ({ path }) => {
      const contents = readFileSync(path, "utf8");
      if (!contents.includes(CRUMB)) throw new Error(`Expected ${CRUMB} in ${path}, but it is not there`);
      return { contents: LABELS + contents.replace(CRUMB, `getLabel({ businessObject: parent }) || ${CRUMB}`) };
    });
  },
};

// Expressions are Python here. The editor of FEEL, a third of the modeler, is left out: the properties panel sets it up
// but shows it nowhere.
const PANELS = ["bpmn-js-properties-panel", "@bpmn-io/properties-panel"].map((name) =>
  join(here, "node_modules", name),
);
const feel = {
  name: "feel",
  setup({ onResolve }) {
    const filter = /^(@codemirror\/|@bpmn-io\/(feel-editor|feelers-editor|extract-process-variables)(\/|$))/;
    onResolve({ filter }, ({ importer }) =>
      PANELS.some((panel) => importer.startsWith(panel)) ? { path: join(here, "src/modeler/no-feel.js") } : undefined,
    );
  },
};

const result = await build({
  entryPoints: folders.flatMap(listEntries),
  outdir: out,
  entryNames: "[name]",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  absWorkingDir: here,
  bundle: true,
  splitting: true,
  format: "esm",
  minify: true,
  target: "es2022",
  metafile: true,
  plugins: [labels, feel],
  legalComments: "none", // the notices stand in LICENSES.txt
  loader: { ".png": "file", ".svg": "file", ".woff2": "file", ".woff": "file", ".ttf": "file", ".eot": "file" },
  logLevel: "error",
});
writeFileSync(join(out, "LICENSES.txt"), collectNotices(Object.keys(result.metafile.inputs)).join("\n---\n\n"));

// Our own scripts and style sheets, each by itself, without what only its reader needs.
const own = join(here, "../static");
await build({
  entryPoints: readdirSync(own).filter((name) => /\.(js|css)$/.test(name)).map((name) => join(own, name)),
  outdir: join(out, "own"),
  absWorkingDir: here,
  minify: true,
  target: "es2022",
  logLevel: "error",
});

for (const file of readdirSync(out, { recursive: true, withFileTypes: true })) {
  const path = join(file.parentPath, file.name);
  if (file.isFile() && /\.(js|css|svg)$/.test(file.name)) {
    writeFileSync(`${path}.br`, brotliCompressSync(readFileSync(path))); // at its best, which takes its time
  }
}
