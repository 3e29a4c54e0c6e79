import type { GraphFixture } from './graphs.ts';

interface Product {
  readonly sku: string;
  readonly vendor?: { readonly name: string; readonly region: string } | null;
  readonly parts?: readonly ({ readonly weight: number } | null)[];
  readonly price?: number;
}

const products: readonly Product[] = ['cpe', 'ont', 'mast', 'sfp'].map((sku, index) => ({
  sku,
  vendor: index === 2 ? null : { name: `Vendor ${index}`, region: 'ZA' },
  parts: [{ weight: index }, index === 1 ? null : { weight: 2 }],
  price: 100 * index,
}));

/** @requires (nested, in lists), @provides, @override, compound keys, shareable and hidden fields. */
export const directivesGraph: GraphFixture = {
  name: 'directives',
  subgraphs: [
    {
      name: 'catalogue',
      sdl: `
        type Query { products: [Product!]! bundle(skus: [ID!]!): [Product] featured: Product }
        type Product @key(fields: "sku") { sku: ID! vendor: Vendor parts: [Part]! price: Int oldName: String @shareable title: String! dropped: String hidden: String @inaccessible }
        type Vendor @key(fields: "name region") { name: String! region: String! }
        type Part @shareable { weight: Int! }`,
      resolvers: {
        Query: {
          products: () => products,
          bundle: (_: unknown, { skus }: { skus: string[] }) =>
            skus.map((sku) => products.find((product) => product.sku === sku) ?? null),
          featured: () => products[0],
        },
        Product: {
          __resolveReference: ({ sku }: Product) => products.find((product) => product.sku === sku),
          oldName: ({ sku }: Product) => `old ${sku}`,
          title: ({ sku }: Product) => sku.toUpperCase(),
          dropped: () => 'catalogue',
        },
      },
    },
    {
      name: 'stock',
      sdl: `
        type Query { warehouses: [Warehouse!]! }
        type Product @key(fields: "sku") {
          sku: ID! @shareable
          price: Int @external
          parts: [Part]! @external
          vendor: Vendor @external
          shippingCost(express: Boolean = false): Float @requires(fields: "price parts { weight }")
          vendorNote: String @requires(fields: "vendor { name region }")
          inStock: Int!
          dropped: String @override(from: "catalogue")
        }
        type Part { weight: Int! @external }
        type Vendor @key(fields: "name region", resolvable: false) { name: String! region: String! }
        type Warehouse { name: String! best: Product @provides(fields: "oldName") all: [Product!]! }
        extend type Product { oldName: String @external }`,
      resolvers: {
        Query: { warehouses: () => ['north', 'south'].map((name) => ({ name })) },
        Product: {
          __resolveReference: (reference: Product) => reference,
          shippingCost: ({ price, parts }: Product, { express }: { express: boolean }) =>
            price === undefined || price === null
              ? null
              : (parts ?? []).reduce((sum, part) => sum + (part?.weight ?? 0), price) * (express ? 2 : 1),
          vendorNote: ({ vendor }: Product) => (vendor ? `${vendor.name}/${vendor.region}` : null),
          inStock: ({ sku }: Product) => sku.length,
          dropped: () => 'stock',
        },
        Warehouse: {
          best: ({ name }: { name: string }) => ({
            sku: name === 'north' ? 'cpe' : 'sfp',
            oldName: 'provided',
          }),
          all: () => products.map(({ sku }) => ({ sku })),
        },
      },
    },
    {
      name: 'vendors',
      sdl: `
        type Query { vendors: [Vendor!]! }
        type Vendor @key(fields: "name region") { name: String! region: String! rating: Float contact: Contact! }
        type Contact { mail: String! backup: Contact }`,
      resolvers: {
        Query: { vendors: () => [{ name: 'Vendor 0', region: 'ZA' }] },
        Vendor: {
          __resolveReference: (reference: object) => reference,
          rating: ({ name }: { name: string }) => (name.endsWith('1') ? null : 4.5),
          contact: ({ name }: { name: string }) => ({ mail: `${name}@example.net`, backup: null }),
        },
      },
    },
  ],
  operations: [
    '{ products { sku shippingCost vendorNote } }',
    '{ products { shippingCost(express: true) slow: shippingCost price } }',
    '{ warehouses { name best { oldName sku title } all { inStock shippingCost vendorNote } } }',
    '{ products { dropped title oldName vendor { rating contact { mail backup { mail } } } } }',
    [
      'query ($skus: [ID!]!, $express: Boolean) { bundle(skus: $skus) { sku shippingCost(express: $express) } }',
      { skus: ['cpe', 'none', 'cpe', 'sfp'], express: true },
    ],
    [
      'query ($skus: [ID!]!, $express: Boolean) { bundle(skus: $skus) { sku shippingCost(express: $express) } }',
      { skus: [] },
    ],
    '{ featured { vendorNote vendor { name rating } parts { weight } } vendors { rating } }',
    '{ a: featured { shippingCost } b: featured { shippingCost } warehouses { best { shippingCost } } }',
  ],
};
