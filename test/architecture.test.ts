import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import path from 'node:path'
import { describe, it } from 'node:test'

const root = path.resolve(import.meta.dirname, '..')

interface Rule {
  /** Files the rule speaks of; the first rule whose folder holds the file is the one that counts. */
  folder: string
  /** What they may import: project folders or files (ending in `/` or `.ts`), `node:x`, package names, or `*`. */
  may: string[]
  /** Type-only imports that are allowed besides. */
  mayTypes?: string[]
  /** What they may not import although `may` would let them. */
  not?: string[]
}

const RULES: Rule[] = [
  { folder: 'audio/', may: ['audio/'] },
  {
    folder: 'sessions/contracts/',
    may: [],
    mayTypes: ['audio/', 'sessions/contracts/', 'sessions/errors.ts', 'node:events']
  },
  { folder: 'sessions/', may: ['audio/', 'sessions/', 'node:events', 'node:crypto'], mayTypes: ['pino'] },
  {
    folder: 'services/carriers/',
    may: ['audio/', 'sessions/contracts/', 'sessions/errors.ts', 'services/', 'node:*', 'package:*'],
    not: ['services/engines/', 'services/store/', 'package:fastify']
  },
  {
    folder: 'services/engines/',
    may: ['audio/', 'sessions/contracts/', 'sessions/errors.ts', 'services/', 'node:*', 'package:*'],
    not: ['services/carriers/', 'services/store/', 'package:fastify']
  },
  {
    folder: 'services/',
    may: ['audio/', 'sessions/contracts/', 'sessions/errors.ts', 'services/', 'node:*', 'package:*'],
    not: ['package:fastify']
  },
  {
    folder: 'routes/',
    may: ['sessions/', 'audio/', 'routes/', 'services/media-token.ts', 'node:*', 'package:*'],
    mayTypes: ['services/'],
    not: ['package:pg', 'package:openai', 'package:telnyx']
  },
  {
    folder: 'console/',
    may: ['console/', 'package:preact', 'package:htm', 'package:@preact/signals', 'package:uplot']
  },
  { folder: 'cli/', may: ['cli/', 'audio/', 'services/', 'sessions/', 'node:*', 'package:*'] },
  { folder: 'server.ts', may: ['*'] },
  { folder: 'bench/', may: ['*'] },
  { folder: 'test/', may: ['*'] }
]

interface Import {
  file: string
  line: number
  target: string
  typeOnly: boolean
}

const files = globSync(['**/*.ts', 'console/**/*.js'], {
  cwd: root,
  exclude: (name) => name.startsWith('node_modules') || name.startsWith('data')
}).map((file) => file.split(path.sep).join('/'))

describe('import rules', () => {
  for (const file of files) {
    const rule = RULES.find((candidate) => file.startsWith(candidate.folder))
    it(`${file} imports only what its folder may`, () => {
      assert.ok(rule, `${file} is in no folder of the map: add a rule for its folder or move it`)
      const faults = importsOf(file)
        .filter((found) => !allowed(found, rule))
        .map(
          ({ line, target }) =>
            `${file}:${line} imports ${target}; ${rule.folder} may import ${rule.may.join(', ')}`
        )
      assert.deepEqual(faults, [])
    })
  }

  it('nobody imports server.ts but tests and the benchmark', () => {
    const importers = files
      .filter((file) => !/^(test|bench)\//.test(file))
      .filter((file) => importsOf(file).some(({ target }) => target === 'server.ts'))
    assert.deepEqual(importers, [])
  })

  it('only server.ts and the command line read process.env or end the process', () => {
    const faults = files
      .filter((file) => !/^(server\.ts|cli\/|test\/|bench\/)/.test(file))
      .filter((file) => /process\.(env|exit|on)\b/.test(readFileSync(path.join(root, file), 'utf8')))
    assert.deepEqual(faults, [])
  })

  it('sessions/ asks no clock but the one it was given', () => {
    const faults = files
      .filter((file) => file.startsWith('sessions/') || file.startsWith('audio/'))
      .filter((file) => /\b(Date\.now|performance\.now)\b/.test(readFileSync(path.join(root, file), 'utf8')))
    assert.deepEqual(faults, [])
  })
})

function importsOf(file: string): Import[] {
  const source = readFileSync(path.join(root, file), 'utf8')
  const statement =
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'"`;]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g
  return [...source.matchAll(statement)].map((match) => {
    const specifier = match[2] ?? match[3] ?? match[4] ?? ''
    const target = specifier.startsWith('.')
      ? path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier))
      : specifier.startsWith('node:') || builtinModules.includes(specifier)
        ? specifier
        : `package:${specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0]}`
    const line = source.slice(0, match.index + match[0].search(/\S/)).split('\n').length
    return { file, line, target, typeOnly: match[1] !== undefined }
  })
}

function allowed({ target, typeOnly }: Import, rule: Rule): boolean {
  if (rule.not?.some((pattern) => matches(target, pattern)) && !typeOnly) return false
  const patterns = typeOnly
    ? [...rule.may, ...(rule.mayTypes ?? []).flatMap((p) => [p, `package:${p}`])]
    : rule.may
  return patterns.some((pattern) => matches(target, pattern))
}

function matches(target: string, pattern: string): boolean {
  if (pattern === '*') return true
  if (pattern.endsWith('*')) return target.startsWith(pattern.slice(0, -1))
  return pattern.endsWith('/') ? target.startsWith(pattern) : target === pattern
}
