-- The premium bundles that a tenant has, as tenant zero last told: the gateway tells the tenant's subgraphs, which open
-- what a bundle unlocks. Kept beside the route, as it is asked for with every request.
alter table routing.route add column bundles text[] not null default '{}';
