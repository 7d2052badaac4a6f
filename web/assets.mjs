// Copies what the pages need from node_modules to assets/vendor, where the Go build embeds it.
// Run as "npm run assets" after "npm ci". The folder is emptied first, so that nothing old stays behind.
import { cp, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, 'assets', 'vendor');

// Latin covers Norwegian and English, Latin extended the Sami letters.
const files = {
  '@digdir/designsystemet-css/dist/src/index.css': 'designsystemet/index.css',
  '@digdir/designsystemet-css/dist/theme/designsystemet.css': 'designsystemet/theme.css',
  '@digdir/designsystemet-css/LICENSE': 'designsystemet/LICENSE.txt',
  '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2': 'inter/latin.woff2',
  '@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2': 'inter/latin-ext.woff2',
  '@fontsource-variable/inter/LICENSE': 'inter/LICENSE.txt',
};

await rm(target, { recursive: true, force: true });
for (const [from, to] of Object.entries(files)) {
  await mkdir(dirname(join(target, to)), { recursive: true });
  await cp(join(here, 'node_modules', from), join(target, to));
}
console.log(`${Object.keys(files).length} files copied to assets/vendor`);
