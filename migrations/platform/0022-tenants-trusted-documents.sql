-- Whether everybody but a tenant's staff runs registered documents only. Kept beside the route, as it is asked for with
-- every request; the gateways hear of it as they do of a route.
alter table routing.route add column trusted_documents_only boolean not null default false;
