// Written by scripts/generate.mjs from ../schema.graphql and src/**/*.graphql. Do not edit.
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** The kinds of entries in the change log. */
export type ChangeKind =
  /** A customer was created. */
  | 'CUSTOMER_CREATED'
  /** Identifiers were added to a customer. */
  | 'IDENTIFIER_LINKED'
  /** Customers were merged: `customerId` is the customer that remains, `otherCustomerIds` were merged into it. */
  | 'CUSTOMERS_MERGED'
  /** A customer was split: `customerId` keeps its id, `otherCustomerIds` has the id of the other part. */
  | 'CUSTOMER_SPLIT'
  /** A person decided that customers are not the same person. */
  | 'CUSTOMERS_KEPT_APART'
  /** A customer was erased. */
  | 'CUSTOMER_ERASED'
  /** An identifier was found to be shared by several people. From then on it connects no customers. */
  | 'IDENTIFIER_SHARED'
  /** A touchpoint was stored. */
  | 'TOUCHPOINT_RECORDED'
  /** An order was placed or changed. */
  | 'ORDER_RECORDED'
  /** A consent was granted, denied or revoked. */
  | 'CONSENT_CHANGED'
  /** A customer entered a segment. */
  | 'SEGMENT_ENTERED'
  /** A customer left a segment. */
  | 'SEGMENT_LEFT'
  /** New identity rules were saved. */
  | 'RULES_SAVED';

/** The decision of a consent. */
export type ConsentStatus =
  /** Allowed. */
  | 'GRANTED'
  /** The person was asked and refused. */
  | 'DENIED'
  /** Granted once, and withdrawn later. */
  | 'REVOKED'
  /** Granted until a time that has passed. */
  | 'EXPIRED'
  /** Not known. */
  | 'UNKNOWN';

/** The direction of a touchpoint. */
export type Direction =
  /** From the customer to the business. */
  | 'INBOUND'
  /** From the business to the customer. */
  | 'OUTBOUND';

/** An identifier to look up. The server normalises the value first. */
export type IdentifierInput = {
  /** The kind, such as `email`. */
  kind: string;
  /** The value, in any common spelling. */
  value: string;
};

/** The kinds of events in an identity history. */
export type IdentityEventKind =
  /** The customer was created. */
  | 'CREATED'
  /** Identifiers were added. */
  | 'LINKED'
  /** Other customers were merged into it. */
  | 'MERGED'
  /** The customer was split. */
  | 'SPLIT'
  /** Identifiers were seen together with it and refused. */
  | 'REFUSED'
  /** The customer was erased. */
  | 'ERASED';

/** Whether a mutation changed anything. */
export type MutationStatus =
  /** The change was made. */
  | 'DONE'
  /** No change was needed. */
  | 'UNCHANGED'
  /** The change was refused. The problems say why. Nothing changed. */
  | 'REFUSED';

/** The status of an order. */
export type OrderStatus =
  /** Placed, without returns. */
  | 'PLACED'
  /** Cancelled. */
  | 'CANCELLED'
  /** Some of it was returned. */
  | 'PART_RETURNED'
  /** All goods were returned, or all money was refunded. */
  | 'RETURNED';

/** The kinds of problems. */
export type ProblemCode =
  /** Not an id of this store. */
  | 'BAD_ID'
  /** An invalid argument. */
  | 'BAD_ARGUMENT'
  /** An id with a past moment where the present is required. */
  | 'ID_OF_THE_PAST'
  /** No object has this id. */
  | 'NOT_FOUND'
  /** No kind of identifiers has this name. */
  | 'UNKNOWN_KIND'
  /** No customer has this identifier. */
  | 'UNKNOWN_IDENTIFIER'
  /** Another customer has this identifier. */
  | 'NOT_ITS_IDENTIFIER'
  /** The split would leave the customer without identifiers. */
  | 'NOTHING_LEFT'
  /** Two of the ids are one customer. */
  | 'SAME_CUSTOMER'
  /** The customer was erased. */
  | 'ERASED'
  /** A rule forbids it. */
  | 'RULE_FORBIDS'
  /** Other rules, or another version of the segment, were saved after these were read. */
  | 'RULES_CHANGED'
  /** Other segments name it. The message has their names. */
  | 'IN_USE'
  /** Segments would name each other in a circle. The message has their names. */
  | 'CIRCULAR'
  /** Not an event. */
  | 'NOT_AN_EVENT'
  /** A required field is missing. */
  | 'MISSING_FIELD'
  /** Not a time, or a time outside the years 1 to 9999. */
  | 'BAD_TIME'
  /** Not an amount, or not a currency. */
  | 'BAD_MONEY'
  /** An invalid value. */
  | 'BAD_VALUE'
  /** Larger than the limit. */
  | 'TOO_LARGE'
  /** The settings block this value. It was left out. */
  | 'BLOCKED_VALUE'
  /** It concerns an order that has not arrived yet, and waits for it. */
  | 'ORDER_NOT_YET_HERE'
  /** The store refused it. */
  | 'STORE_REFUSED';

/** How a value was obtained. */
export type Provenance =
  /** Observed in a transaction or on a device. */
  | 'REALISED'
  /** Stated by the customer. */
  | 'DECLARED'
  /** Inferred by another system. */
  | 'ASSUMED';

/** A filter of touchpoints. All given conditions must hold. An empty list counts as not given. */
export type TouchpointFilter = {
  /** At this time or later. */
  since?: string | null | undefined;
  /** Before this time. */
  until?: string | null | undefined;
  /** On one of these channels. */
  channels?: Array<string> | null | undefined;
  /** Of one of these kinds. */
  kinds?: Array<string> | null | undefined;
  /** With one of these names. */
  names?: Array<string> | null | undefined;
  /** In this direction. */
  direction?: Direction | null | undefined;
};

export type CustomerOverviewQueryVariables = Exact<{
  id: string | number;
  asOf?: string | null | undefined;
}>;


export type CustomerOverviewQuery = { customer: { id: string, asOf: string | null, displayName: string | null, createdAt: string, formerIds: Array<string>, current: { id: string } | null, activity: { id: string, firstSeenAt: string | null, lastSeenAt: string | null, touchpointCount: number, orderCount: number, channels: Array<{ channel: string, touchpoints: number, lastAt: string }> }, spend: Array<{ currency: string, orderCount: number, returnRate: number, gross: { amount: string, currency: string }, returned: { amount: string, currency: string }, net: { amount: string, currency: string } }>, consents: Array<{ purpose: string, channel: string | null, status: ConsentStatus, at: string, expiresAt: string | null, source: string, identifier: { id: string, kind: string, value: string } }>, traits: Array<{ name: string, value: unknown, masked: boolean, provenance: Provenance, at: string, source: string }>, identifiers: { totalCount: number | null, nodes: Array<{ id: string, kind: string, value: string, masked: boolean, shared: boolean, firstSeenAt: string, lastSeenAt: string }> }, inCart: ProductsFragment, wished: ProductsFragment, bought: ProductsFragment, returned: ProductsFragment } | null };

export type ProductsFragment = { totalCount: number | null, nodes: Array<{ at: string, quantity: number | null, product: { id: string, sku: string, name: string | null, category: string | null } }> };

export type CustomerTouchpointsQueryVariables = Exact<{
  id: string | number;
  filter?: TouchpointFilter | null | undefined;
  after?: string | null | undefined;
  first?: number | null | undefined;
}>;


export type CustomerTouchpointsQuery = { customer: { id: string, touchpoints: { totalCount: number | null, nodes: Array<{ id: string, messageId: string, at: string, kind: string, name: string, channel: string, direction: Direction, source: string, properties: unknown, campaign: { name: string | null } | null, device: { id: string, kind: string, os: string | null, model: string | null } | null, order: { id: string, number: string, net: { amount: string, currency: string } } | null, identifier: { id: string, kind: string, value: string } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } | null };

export type IdentityGraphQueryVariables = Exact<{
  id: string | number;
  asOf?: string | null | undefined;
}>;


export type IdentityGraphQuery = { customer: { id: string, asOf: string | null, displayName: string | null, createdAt: string, identifiers: { totalCount: number | null, nodes: Array<{ id: string, kind: string, value: string, masked: boolean, shared: boolean, firstSeenAt: string, lastSeenAt: string }> }, links: { totalCount: number | null, nodes: Array<LinkFragment> }, devices: { totalCount: number | null, nodes: Array<{ id: string, kind: string, os: string | null, model: string | null, firstSeenAt: string, lastSeenAt: string, identifiers: Array<{ id: string }> }> }, orders: { totalCount: number | null, nodes: Array<{ id: string, number: string, placedAt: string, status: OrderStatus, net: { amount: string, currency: string } }> }, ordering: { nodes: Array<{ id: string, messageId: string, at: string, identifier: { id: string }, order: { id: string } | null }> } } | null };

export type LinkFragment = { id: string, rule: string, firstAt: string, lastAt: string, count: number, messageId: string, source: string, refused: string | null, from: { id: string, kind: string, value: string, shared: boolean, customer: { id: string, displayName: string | null } | null }, to: { id: string, kind: string, value: string, shared: boolean, customer: { id: string, displayName: string | null } | null } };

export type IdentityHistoryQueryVariables = Exact<{
  id: string | number;
  after?: string | null | undefined;
}>;


export type IdentityHistoryQuery = { customer: { id: string, createdAt: string, identityHistory: { nodes: Array<{ id: string, at: string, kind: IdentityEventKind, rule: string | null, by: string | null, reason: string | null, messageId: string | null, otherCustomerIds: Array<string>, identifiers: Array<{ id: string, kind: string, value: string }> }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } | null };

export type WhyLinkedQueryVariables = Exact<{
  from: IdentifierInput;
  to: IdentifierInput;
}>;


export type WhyLinkedQuery = { whyLinked: { sameCustomer: boolean, path: Array<{ id: string, kind: string, value: string }>, steps: Array<LinkFragment> } | null };

export type SplitTrialQueryVariables = Exact<{
  id: string | number;
  identifiers: Array<IdentifierInput> | IdentifierInput;
}>;


export type SplitTrialQuery = { customerSplitTrial: TrialFragment | null };

export type MergeTrialQueryVariables = Exact<{
  ids: Array<string | number> | string | number;
}>;


export type MergeTrialQuery = { customerMergeTrial: TrialFragment | null };

export type TrialFragment = { customers: Array<{ customerId: string | null, displayName: string | null, touchpointCount: number, orderCount: number, identifiers: Array<{ id: string, kind: string, value: string }>, spend: Array<{ currency: string, net: { amount: string, currency: string } }> }>, problems: Array<{ code: ProblemCode, message: string }> };

export type SplitMutationVariables = Exact<{
  id: string | number;
  identifiers: Array<IdentifierInput> | IdentifierInput;
  reason: string;
}>;


export type SplitMutation = { customerSplit: { status: MutationStatus, created: { id: string, displayName: string | null } | null, problems: Array<{ code: ProblemCode, message: string }> } | null };

export type MergeMutationVariables = Exact<{
  ids: Array<string | number> | string | number;
  reason: string;
}>;


export type MergeMutation = { customerMerge: { status: MutationStatus, customer: { id: string } | null, problems: Array<{ code: ProblemCode, message: string }> } | null };

export type KeepApartMutationVariables = Exact<{
  ids: Array<string | number> | string | number;
  reason: string;
}>;


export type KeepApartMutation = { customersKeepApart: { status: MutationStatus, problems: Array<{ code: ProblemCode, message: string }> } | null };

export type GreetQueryVariables = Exact<{
  identifiers: Array<IdentifierInput> | IdentifierInput;
  number: string;
}>;


export type GreetQuery = { identifiersBy: Array<{ id: string, kind: string, value: string, shared: boolean, customer: GuestFragment | null, candidates: Array<{ score: number, reasons: Array<string>, customer: GuestFragment }> } | null>, byOrder: GuestFragment | null };

export type GuestFragment = { id: string, displayName: string | null, createdAt: string, activity: { id: string, lastSeenAt: string | null, orderCount: number, channels: Array<{ channel: string, lastAt: string }> }, spend: Array<{ currency: string, returnRate: number, net: { amount: string, currency: string } }>, orders: { nodes: Array<{ id: string, number: string, placedAt: string, status: OrderStatus, net: { amount: string, currency: string }, lines: Array<{ product: { id: string, sku: string, name: string | null } }> }> }, consents: Array<{ purpose: string, channel: string | null, status: ConsentStatus, at: string }>, inCart: { nodes: Array<{ product: { id: string, sku: string, name: string | null } }> }, wished: { nodes: Array<{ product: { id: string, sku: string, name: string | null } }> } };

export type LiveChangesSubscriptionVariables = Exact<{
  after?: string | null | undefined;
  kinds?: Array<ChangeKind> | ChangeKind | null | undefined;
  customer?: string | number | null | undefined;
}>;


export type LiveChangesSubscription = { changes: LiveChangeFragment };

export type LastChangeQueryVariables = Exact<{ [key: string]: never; }>;


export type LastChangeQuery = { status: { change: string } };

export type PastChangesQueryVariables = Exact<{
  after?: string | null | undefined;
  kinds?: Array<ChangeKind> | ChangeKind | null | undefined;
  customer?: string | number | null | undefined;
  first?: number | null | undefined;
}>;


export type PastChangesQuery = { changes: { nodes: Array<LiveChangeFragment>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type LiveChangeFragment = { cursor: string, at: string, kind: ChangeKind, customerId: string | null, otherCustomerIds: Array<string>, messageId: string | null, rule: string | null, reason: string | null, customer: { id: string, displayName: string | null } | null, touchpoint: { id: string, name: string, channel: string, at: string } | null, order: { id: string, number: string, net: { amount: string, currency: string } } | null, consent: { purpose: string, channel: string | null, status: ConsentStatus } | null, identifiers: Array<{ id: string, kind: string, value: string }> };

export type IdentifierKindsQueryVariables = Exact<{ [key: string]: never; }>;


export type IdentifierKindsQuery = { identityRules: { kinds: Array<{ name: string }> } | null, status: { customers: number, touchpoints: number, store: string } };

export type SearchQueryVariables = Exact<{
  text: string;
  identifiers: Array<IdentifierInput> | IdentifierInput;
  first?: number | null | undefined;
}>;


export type SearchQuery = { identifiersBy: Array<{ id: string, kind: string, value: string, shared: boolean, customer: FoundFragment | null, candidates: Array<{ score: number, customer: FoundFragment }> } | null>, byOrder: FoundFragment | null, touchpoint: { id: string, name: string, customer: FoundFragment | null } | null, customers: { nodes: Array<FoundFragment>, pageInfo: { hasNextPage: boolean } } };

export type RecentCustomersQueryVariables = Exact<{
  first?: number | null | undefined;
}>;


export type RecentCustomersQuery = { customers: { nodes: Array<FoundFragment> } };

export type FoundFragment = { id: string, displayName: string | null, createdAt: string, identifiers: { nodes: Array<{ id: string, kind: string, value: string }> }, activity: { id: string, touchpointCount: number, lastSeenAt: string | null } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const ProductsFragmentDoc = new TypedDocumentString(`
    fragment Products on CustomerProductConnection {
  totalCount
  nodes {
    at
    quantity
    product {
      id
      sku
      name
      category
    }
  }
}
    `, {"fragmentName":"Products"}) as unknown as TypedDocumentString<ProductsFragment, unknown>;
export const LinkFragmentDoc = new TypedDocumentString(`
    fragment Link on IdentifierLink {
  id
  rule
  firstAt
  lastAt
  count
  messageId
  source
  refused
  from {
    id
    kind
    value
    shared
    customer {
      id
      displayName
    }
  }
  to {
    id
    kind
    value
    shared
    customer {
      id
      displayName
    }
  }
}
    `, {"fragmentName":"Link"}) as unknown as TypedDocumentString<LinkFragment, unknown>;
export const TrialFragmentDoc = new TypedDocumentString(`
    fragment Trial on CustomersTrial {
  customers {
    customerId
    displayName
    touchpointCount
    orderCount
    identifiers {
      id
      kind
      value
    }
    spend {
      currency
      net {
        amount
        currency
      }
    }
  }
  problems {
    code
    message
  }
}
    `, {"fragmentName":"Trial"}) as unknown as TypedDocumentString<TrialFragment, unknown>;
export const GuestFragmentDoc = new TypedDocumentString(`
    fragment Guest on Customer {
  id
  displayName
  createdAt
  activity {
    id
    lastSeenAt
    orderCount
    channels {
      channel
      lastAt
    }
  }
  spend {
    currency
    net {
      amount
      currency
    }
    returnRate
  }
  orders(first: 1) {
    nodes {
      id
      number
      placedAt
      status
      net {
        amount
        currency
      }
      lines(first: 3) {
        product {
          id
          sku
          name
        }
      }
    }
  }
  consents {
    purpose
    channel
    status
    at
  }
  inCart: products(relation: IN_CART, first: 3) {
    nodes {
      product {
        id
        sku
        name
      }
    }
  }
  wished: products(relation: WISHED, first: 3) {
    nodes {
      product {
        id
        sku
        name
      }
    }
  }
}
    `, {"fragmentName":"Guest"}) as unknown as TypedDocumentString<GuestFragment, unknown>;
export const LiveChangeFragmentDoc = new TypedDocumentString(`
    fragment LiveChange on Change {
  cursor
  at
  kind
  customerId
  customer {
    id
    displayName
  }
  otherCustomerIds
  touchpoint {
    id
    name
    channel
    at
  }
  order {
    id
    number
    net {
      amount
      currency
    }
  }
  consent {
    purpose
    channel
    status
  }
  identifiers {
    id
    kind
    value
  }
  messageId
  rule
  reason
}
    `, {"fragmentName":"LiveChange"}) as unknown as TypedDocumentString<LiveChangeFragment, unknown>;
export const FoundFragmentDoc = new TypedDocumentString(`
    fragment Found on Customer {
  id
  displayName
  createdAt
  identifiers(first: 3) {
    nodes {
      id
      kind
      value
    }
  }
  activity {
    id
    touchpointCount
    lastSeenAt
  }
}
    `, {"fragmentName":"Found"}) as unknown as TypedDocumentString<FoundFragment, unknown>;
export const CustomerOverviewDocument = new TypedDocumentString(`
    query CustomerOverview($id: ID!, $asOf: DateTime) {
  customer(by: {id: $id}, asOf: $asOf) {
    id
    asOf
    displayName
    createdAt
    formerIds
    current {
      id
    }
    activity {
      id
      firstSeenAt
      lastSeenAt
      touchpointCount
      orderCount
      channels {
        channel
        touchpoints
        lastAt
      }
    }
    spend {
      currency
      gross {
        amount
        currency
      }
      returned {
        amount
        currency
      }
      net {
        amount
        currency
      }
      orderCount
      returnRate
    }
    consents {
      purpose
      channel
      status
      at
      expiresAt
      source
      identifier {
        id
        kind
        value
      }
    }
    traits {
      name
      value
      masked
      provenance
      at
      source
    }
    identifiers(first: 100) {
      totalCount
      nodes {
        id
        kind
        value
        masked
        shared
        firstSeenAt
        lastSeenAt
      }
    }
    inCart: products(relation: IN_CART, first: 20) {
      ...Products
    }
    wished: products(relation: WISHED, first: 20) {
      ...Products
    }
    bought: products(relation: BOUGHT, first: 20) {
      ...Products
    }
    returned: products(relation: RETURNED, first: 20) {
      ...Products
    }
  }
}
    fragment Products on CustomerProductConnection {
  totalCount
  nodes {
    at
    quantity
    product {
      id
      sku
      name
      category
    }
  }
}`) as unknown as TypedDocumentString<CustomerOverviewQuery, CustomerOverviewQueryVariables>;
export const CustomerTouchpointsDocument = new TypedDocumentString(`
    query CustomerTouchpoints($id: ID!, $filter: TouchpointFilter, $after: String, $first: Int = 100) {
  customer(by: {id: $id}) {
    id
    touchpoints(filter: $filter, first: $first, after: $after) {
      totalCount
      nodes {
        id
        messageId
        at
        kind
        name
        channel
        direction
        source
        campaign {
          name
        }
        device {
          id
          kind
          os
          model
        }
        order {
          id
          number
          net {
            amount
            currency
          }
        }
        identifier {
          id
          kind
          value
        }
        properties
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    `) as unknown as TypedDocumentString<CustomerTouchpointsQuery, CustomerTouchpointsQueryVariables>;
export const IdentityGraphDocument = new TypedDocumentString(`
    query IdentityGraph($id: ID!, $asOf: DateTime) {
  customer(by: {id: $id}, asOf: $asOf) {
    id
    asOf
    displayName
    createdAt
    identifiers(first: 100) {
      totalCount
      nodes {
        id
        kind
        value
        masked
        shared
        firstSeenAt
        lastSeenAt
      }
    }
    links(first: 100) {
      totalCount
      nodes {
        ...Link
      }
    }
    devices(first: 100) {
      totalCount
      nodes {
        id
        kind
        os
        model
        firstSeenAt
        lastSeenAt
        identifiers {
          id
        }
      }
    }
    orders(first: 100) {
      totalCount
      nodes {
        id
        number
        placedAt
        status
        net {
          amount
          currency
        }
      }
    }
    ordering: touchpoints(filter: {kinds: ["order"]}, first: 100) {
      nodes {
        id
        messageId
        at
        identifier {
          id
        }
        order {
          id
        }
      }
    }
  }
}
    fragment Link on IdentifierLink {
  id
  rule
  firstAt
  lastAt
  count
  messageId
  source
  refused
  from {
    id
    kind
    value
    shared
    customer {
      id
      displayName
    }
  }
  to {
    id
    kind
    value
    shared
    customer {
      id
      displayName
    }
  }
}`) as unknown as TypedDocumentString<IdentityGraphQuery, IdentityGraphQueryVariables>;
export const IdentityHistoryDocument = new TypedDocumentString(`
    query IdentityHistory($id: ID!, $after: String) {
  customer(by: {id: $id}) {
    id
    createdAt
    identityHistory(first: 100, after: $after) {
      nodes {
        id
        at
        kind
        rule
        by
        reason
        messageId
        otherCustomerIds
        identifiers {
          id
          kind
          value
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    `) as unknown as TypedDocumentString<IdentityHistoryQuery, IdentityHistoryQueryVariables>;
export const WhyLinkedDocument = new TypedDocumentString(`
    query WhyLinked($from: IdentifierInput!, $to: IdentifierInput!) {
  whyLinked(from: $from, to: $to) {
    sameCustomer
    path {
      id
      kind
      value
    }
    steps {
      ...Link
    }
  }
}
    fragment Link on IdentifierLink {
  id
  rule
  firstAt
  lastAt
  count
  messageId
  source
  refused
  from {
    id
    kind
    value
    shared
    customer {
      id
      displayName
    }
  }
  to {
    id
    kind
    value
    shared
    customer {
      id
      displayName
    }
  }
}`) as unknown as TypedDocumentString<WhyLinkedQuery, WhyLinkedQueryVariables>;
export const SplitTrialDocument = new TypedDocumentString(`
    query SplitTrial($id: ID!, $identifiers: [IdentifierInput!]!) {
  customerSplitTrial(id: $id, identifiers: $identifiers) {
    ...Trial
  }
}
    fragment Trial on CustomersTrial {
  customers {
    customerId
    displayName
    touchpointCount
    orderCount
    identifiers {
      id
      kind
      value
    }
    spend {
      currency
      net {
        amount
        currency
      }
    }
  }
  problems {
    code
    message
  }
}`) as unknown as TypedDocumentString<SplitTrialQuery, SplitTrialQueryVariables>;
export const MergeTrialDocument = new TypedDocumentString(`
    query MergeTrial($ids: [ID!]!) {
  customerMergeTrial(ids: $ids) {
    ...Trial
  }
}
    fragment Trial on CustomersTrial {
  customers {
    customerId
    displayName
    touchpointCount
    orderCount
    identifiers {
      id
      kind
      value
    }
    spend {
      currency
      net {
        amount
        currency
      }
    }
  }
  problems {
    code
    message
  }
}`) as unknown as TypedDocumentString<MergeTrialQuery, MergeTrialQueryVariables>;
export const SplitDocument = new TypedDocumentString(`
    mutation Split($id: ID!, $identifiers: [IdentifierInput!]!, $reason: String!) {
  customerSplit(id: $id, identifiers: $identifiers, reason: $reason) {
    status
    created {
      id
      displayName
    }
    problems {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<SplitMutation, SplitMutationVariables>;
export const MergeDocument = new TypedDocumentString(`
    mutation Merge($ids: [ID!]!, $reason: String!) {
  customerMerge(ids: $ids, reason: $reason) {
    status
    customer {
      id
    }
    problems {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<MergeMutation, MergeMutationVariables>;
export const KeepApartDocument = new TypedDocumentString(`
    mutation KeepApart($ids: [ID!]!, $reason: String!) {
  customersKeepApart(ids: $ids, reason: $reason) {
    status
    problems {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<KeepApartMutation, KeepApartMutationVariables>;
export const GreetDocument = new TypedDocumentString(`
    query Greet($identifiers: [IdentifierInput!]!, $number: String!) {
  identifiersBy(keys: $identifiers) {
    id
    kind
    value
    shared
    customer {
      ...Guest
    }
    candidates {
      score
      reasons
      customer {
        ...Guest
      }
    }
  }
  byOrder: customer(by: {order: {number: $number}}) {
    ...Guest
  }
}
    fragment Guest on Customer {
  id
  displayName
  createdAt
  activity {
    id
    lastSeenAt
    orderCount
    channels {
      channel
      lastAt
    }
  }
  spend {
    currency
    net {
      amount
      currency
    }
    returnRate
  }
  orders(first: 1) {
    nodes {
      id
      number
      placedAt
      status
      net {
        amount
        currency
      }
      lines(first: 3) {
        product {
          id
          sku
          name
        }
      }
    }
  }
  consents {
    purpose
    channel
    status
    at
  }
  inCart: products(relation: IN_CART, first: 3) {
    nodes {
      product {
        id
        sku
        name
      }
    }
  }
  wished: products(relation: WISHED, first: 3) {
    nodes {
      product {
        id
        sku
        name
      }
    }
  }
}`) as unknown as TypedDocumentString<GreetQuery, GreetQueryVariables>;
export const LiveChangesDocument = new TypedDocumentString(`
    subscription LiveChanges($after: String, $kinds: [ChangeKind!], $customer: ID) {
  changes(after: $after, kinds: $kinds, customer: $customer) {
    ...LiveChange
  }
}
    fragment LiveChange on Change {
  cursor
  at
  kind
  customerId
  customer {
    id
    displayName
  }
  otherCustomerIds
  touchpoint {
    id
    name
    channel
    at
  }
  order {
    id
    number
    net {
      amount
      currency
    }
  }
  consent {
    purpose
    channel
    status
  }
  identifiers {
    id
    kind
    value
  }
  messageId
  rule
  reason
}`) as unknown as TypedDocumentString<LiveChangesSubscription, LiveChangesSubscriptionVariables>;
export const LastChangeDocument = new TypedDocumentString(`
    query LastChange {
  status {
    change
  }
}
    `) as unknown as TypedDocumentString<LastChangeQuery, LastChangeQueryVariables>;
export const PastChangesDocument = new TypedDocumentString(`
    query PastChanges($after: String, $kinds: [ChangeKind!], $customer: ID, $first: Int = 100) {
  changes(after: $after, kinds: $kinds, customer: $customer, first: $first) {
    nodes {
      ...LiveChange
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment LiveChange on Change {
  cursor
  at
  kind
  customerId
  customer {
    id
    displayName
  }
  otherCustomerIds
  touchpoint {
    id
    name
    channel
    at
  }
  order {
    id
    number
    net {
      amount
      currency
    }
  }
  consent {
    purpose
    channel
    status
  }
  identifiers {
    id
    kind
    value
  }
  messageId
  rule
  reason
}`) as unknown as TypedDocumentString<PastChangesQuery, PastChangesQueryVariables>;
export const IdentifierKindsDocument = new TypedDocumentString(`
    query IdentifierKinds {
  identityRules {
    kinds {
      name
    }
  }
  status {
    customers
    touchpoints
    store
  }
}
    `) as unknown as TypedDocumentString<IdentifierKindsQuery, IdentifierKindsQueryVariables>;
export const SearchDocument = new TypedDocumentString(`
    query Search($text: String!, $identifiers: [IdentifierInput!]!, $first: Int = 12) {
  identifiersBy(keys: $identifiers) {
    id
    kind
    value
    shared
    customer {
      ...Found
    }
    candidates {
      score
      customer {
        ...Found
      }
    }
  }
  byOrder: customer(by: {order: {number: $text}}) {
    ...Found
  }
  touchpoint(messageId: $text) {
    id
    name
    customer {
      ...Found
    }
  }
  customers(filter: {text: $text}, first: $first) {
    nodes {
      ...Found
    }
    pageInfo {
      hasNextPage
    }
  }
}
    fragment Found on Customer {
  id
  displayName
  createdAt
  identifiers(first: 3) {
    nodes {
      id
      kind
      value
    }
  }
  activity {
    id
    touchpointCount
    lastSeenAt
  }
}`) as unknown as TypedDocumentString<SearchQuery, SearchQueryVariables>;
export const RecentCustomersDocument = new TypedDocumentString(`
    query RecentCustomers($first: Int = 12) {
  customers(first: $first) {
    nodes {
      ...Found
    }
  }
}
    fragment Found on Customer {
  id
  displayName
  createdAt
  identifiers(first: 3) {
    nodes {
      id
      kind
      value
    }
  }
  activity {
    id
    touchpointCount
    lastSeenAt
  }
}`) as unknown as TypedDocumentString<RecentCustomersQuery, RecentCustomersQueryVariables>;
