-- Keys that may run registered documents only, and those documents. A document's id is the SHA-256 of its text, so one
-- never changes; the gateway keeps those it has seen.
alter table identity.api_key add column trusted_documents_only boolean not null default false;

create table identity.trusted_document (
  -- SHA-256 of the text, hexadecimal.
  id text not null check (id ~ '^[0-9a-f]{64}$'),
  tenant_id text,
  partner_id text,
  text text not null check (length(text) <= 262144),
  registered_at timestamptz not null,
  registered_by text not null,
  check (num_nonnulls(tenant_id, partner_id) = 1),
  unique nulls not distinct (id, tenant_id, partner_id)
);
create index trusted_document_tenant on identity.trusted_document (tenant_id);
create index trusted_document_partner on identity.trusted_document (partner_id);

drop trigger announce on identity.api_key;
create trigger announce after insert or delete or update of hash, scopes, allowed_addresses, expires_at, revoked_at, trusted_documents_only
  on identity.api_key for each statement execute function routing.announce();
create trigger announce after insert or delete on identity.trusted_document for each statement execute function routing.announce();
