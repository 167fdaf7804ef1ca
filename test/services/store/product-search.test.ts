import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { pino } from 'pino'
import { migrate } from '../../../services/store/migrations.ts'
import { ProductStore } from '../../../services/store/product-store.ts'
import { eachDatabase, type TestDatabases } from '../../support/databases.ts'

const SILENT = pino({ level: 'silent' })
const DEFAULTS = { sku: null, description: '', price: null, currency: 'EUR', in_stock: true }

const SHOP = [
  { sku: 'L-10', name: 'Reading lamp', description: 'Warm light for the desk' },
  { sku: 'L-20', name: 'Floor lamp', description: 'Reads the room: dimmable' },
  { sku: 'K-1', name: 'Do it yourself kit', description: 'You have everything in one box' },
  { sku: 'É-7', name: 'Éclairage de bureau', description: 'Une lampe à poser' },
  { sku: 'R-5', name: 'Настольная Лампа', description: 'Тёплый свет' },
  { sku: 'J-9', name: '読書ランプ', description: '暖かい光' },
  { sku: 'G-3', name: 'Leselampe weiß', description: '100% Ökostrom' },
  { sku: 'S-1', name: 'Sofa', description: 'Three seats, grey' }
]

eachDatabase((databases) => {
  it('products are found with the extension pg_trgm', (test) => finds(test, databases, true))
  it('products are found without it', (test) => finds(test, databases, false))
  it('products are imported from CSV', (test) => imports(test, databases))
})

async function imports(test: TestContext, databases: TestDatabases): Promise<void> {
  const { pool } = await databases.create(test)
  await migrate(pool, SILENT)
  const products = new ProductStore(pool)
  const it = async (behaviour: string, hold: () => Promise<void>) => {
    await test.test(behaviour, hold)
    await pool.query('delete from products')
  }
  const all = async () => (await products.list({ limit: 100, after: null })).data

  await it('adds what is new and replaces what has the same SKU', async () => {
    await products.save({ ...DEFAULTS, sku: 'A', name: 'Old', description: 'Was here', price: 1 })
    const csv = '\uFEFFSKU;Name;Price;In_stock\r\nA;New;49,90;non\r\nB;"Two; and ""more""";;yes\r\n'
    assert.deepEqual(await products.importCsv(csv, DEFAULTS), { created: 1, replaced: 1 })
    const rows = (await all()).map(({ sku, name, description, price, currency, in_stock }) =>
      [sku, name, description, price, currency, in_stock].join('|')
    )
    assert.deepEqual(rows, ['A|New||49.9|EUR|false', 'B|Two; and "more"|||EUR|true'])
  })

  await it('takes thousands of lines', async () => {
    const lines = Array.from({ length: 2500 }, (_, n) => `S-${n},Product ${n},${n}.5`)
    const csv = ['sku,name,price', ...lines].join('\n')
    assert.deepEqual(await products.importCsv(csv, DEFAULTS), { created: 2500, replaced: 0 })
    assert.deepEqual(await products.importCsv(csv, DEFAULTS), { created: 0, replaced: 2500 })
  })

  for (const [wrong, csv, fault] of [
    ['a header without names', 'sku,price\nA,1\n', /line 1: the column name is missing.*expected/],
    ['a column that nobody knows', 'name,colour\nA,red\n', /line 1: there is no column "colour".*expected/],
    ['a price that is none', 'name,price\nA,1\nB,cheap\n', /^line 3: price is "cheap": expected/],
    ['a currency that is none', 'name,currency\nA,euros\n', /^line 2: currency is "euros": expected/],
    ['a flag that is none', 'name,in_stock\nA,perhaps\n', /^line 2: in_stock is "perhaps": expected/],
    ['a product without a name', 'sku,name\nA,\n', /^line 2: name is empty/],
    [
      'an SKU that is there twice',
      'sku,name\nA,One\nB,Two\nA,Three\n',
      /^line 4: sku "A" is on line 2 already/
    ],
    ['a line that is too long', 'sku,name\nA,One\nB,Two,Three\n', /^line 3: it has more or fewer fields/],
    ['a quote that never ends', 'sku,name\nA,"One\n', /a quote is opened/],
    ['nothing', 'sku,name\n', /^line 2: there is no product/]
  ] as const) {
    await it(`imports nothing at all of a file with ${wrong}, and says so`, async () => {
      const result = await products.importCsv(csv, DEFAULTS)
      assert.ok('faults' in result)
      assert.match(result.faults[0] ?? '', fault)
      assert.deepEqual(await all(), [])
    })
  }

  await it('tells of every line that is wrong', async () => {
    const result = await products.importCsv('name,price\nA,x\nB,2\nC,y\n', DEFAULTS)
    assert.ok('faults' in result)
    assert.deepEqual(
      result.faults.map((fault) => fault.split(':')[0]),
      ['line 2', 'line 4']
    )
  })
}

async function finds(test: TestContext, databases: TestDatabases, trigrams: boolean): Promise<void> {
  const { pool } = await databases.create(test)
  await migrate(pool, SILENT)
  if (!trigrams) await pool.query('drop extension if exists pg_trgm')
  const { rowCount } = await pool.query("select from pg_extension where extname = 'pg_trgm'")
  assert.equal(rowCount, trigrams ? 1 : 0)
  const products = new ProductStore(pool)
  for (const product of SHOP) await products.save({ ...DEFAULTS, ...product })
  const find = async (text: string) => (await products.search(text, 5)).map(({ sku }) => sku)

  await test.test('finds by words in any order, small or large, and the whole before the part', async () => {
    assert.deepEqual(await find('lamp READING'), ['L-10', 'L-20'])
    assert.deepEqual(await find('dimmable'), ['L-20'])
    assert.equal((await find('grey seats'))[0], 'S-1')
  })

  await test.test('finds what is asked for in a sentence, and nothing where there is nothing', async () => {
    assert.equal((await find('do you have a reading lamp?'))[0], 'L-10')
    assert.deepEqual(await find('submarine'), [])
    assert.deepEqual(await find('?!'), [])
  })

  await test.test('finds by SKU first', async () => {
    assert.deepEqual((await find('l-20'))[0], 'L-20')
    assert.deepEqual(await find(' s-1 '), ['S-1'])
  })

  await test.test('finds what is misspelt or half said', async () => {
    assert.equal((await find('reeding lamp'))[0], 'L-10')
    assert.equal((await find('readng lampe'))[0], 'L-10')
    assert.deepEqual(await find('sofaa'), ['S-1'])
    assert.deepEqual(await find('sof'), ['S-1'])
  })

  await test.test('finds in any language, with accents and without', async () => {
    assert.equal((await find('eclairage'))[0], 'É-7')
    assert.equal((await find('ÉCLAIRAGE bureau'))[0], 'É-7')
    assert.equal((await find('настольная лампа'))[0], 'R-5')
    assert.deepEqual(await find('ランプ'), ['J-9'])
    assert.equal((await find('leselampe WEISS'))[0], 'G-3')
  })

  await test.test('takes whatever a caller says for words alone', async () => {
    for (const text of ["'; drop table products; --", 'a & b | !c', '100% _ \\', "lamp':*A", '🛋'.repeat(50)])
      await find(text)
    assert.equal((await products.list({ limit: 100, after: null })).data.length, SHOP.length)
  })

  await test.test('tells of a product what its owner put in, and no more', async () => {
    const [found] = await products.search('sofa', 1)
    assert.deepEqual(Object.keys(found ?? {}).toSorted(), [
      'created_at',
      'currency',
      'description',
      'id',
      'in_stock',
      'name',
      'price',
      'sku',
      'updated_at'
    ])
  })
}
