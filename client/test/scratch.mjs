// Projects that have the package as users get it: packed, and installed from the tarball.

import { execFileSync } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CLIENT = fileURLToPath(new URL('..', import.meta.url))

const npm = (cwd, ...given) => execFileSync('npm', [...given, '--silent', '--ignore-scripts', '--offline'], { cwd, encoding: 'utf8' })

/** An empty project, or a copy of `template`, with the package installed. `npm run build` ran before. */
export async function scratch(template) {
  const directory = await mkdtemp(join(tmpdir(), 'client-'))
  if (template) await cp(template, directory, { recursive: true, filter: (path) => basename(path) !== 'node_modules' })
  await writeFile(join(directory, 'package.json'), '{ "private": true }')
  const [{ filename, files }] = JSON.parse(npm(CLIENT, 'pack', '--json', '--pack-destination', directory))
  npm(directory, 'install', '--no-audit', '--no-fund', '--no-save', join(directory, filename))
  const installed = join(directory, 'node_modules/wechat-backend-client')
  return {
    directory,
    /** What the package consists of. */
    files: files.map(({ path }) => path),
    /** The developer tools' "构建 npm": they copy the directory that package.json names, as it is. */
    buildNpm: async () => {
      const { miniprogram } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
      const target = join(directory, 'miniprogram_npm/wechat-backend-client')
      await cp(join(installed, miniprogram), target, { recursive: true })
      return { target, scripts: (await readdir(target)).filter((name) => name.endsWith('.js')) }
    },
    /** A dependency of the project's own, as this machine has it. */
    link: (name) => symlink(join(CLIENT, 'node_modules', name), join(directory, 'node_modules', name)),
    write: (name, text) => writeFile(join(directory, name), text),
    run(command, ...given) {
      try {
        return execFileSync(command, given, { cwd: directory, encoding: 'utf8', stdio: 'pipe' })
      } catch (error) {
        throw new Error(`${command}: ${error.stdout}${error.stderr}`)
      }
    },
    /** A tool of this package's, for a project of any kind. */
    tool: (name) => join(CLIENT, 'node_modules/.bin', name),
    remove: () => rm(directory, { recursive: true }),
  }
}
