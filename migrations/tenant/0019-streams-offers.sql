-- Whether a plan is shown to everybody, as on the ISP's own web site: its owner decides, and nothing is until he does.
alter table billing.plan add column offered boolean not null default false;
