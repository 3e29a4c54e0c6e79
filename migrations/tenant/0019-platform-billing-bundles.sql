-- What the platform sells to ISPs beside counted subscribers (tenant zero only): premium bundles, and time to try.

-- Which bundle a plan of the kind BUNDLE sells.
alter table billing.plan add column bundle text check (bundle in ('RESELLER_PLATFORM', 'ADVANCED_CRM', 'PROJECT_MANAGEMENT',
  'FIELD_OPERATIONS', 'AI_CHATBOT', 'ADVANCED_ANALYTICS'));
create unique index plan_bundle on billing.plan (bundle) where bundle is not null;

-- Terms of trial are data of the rate card; who began under a version keeps what it promised.
alter table billing.plan_version add column trial_days integer check (trial_days between 1 and 365);
alter table billing.plan_version add column trial_covers_bundles boolean not null default false;

-- The first local day that is paid for; null without a trial.
alter table billing.account add column trial_until date;
alter table billing.account add column trial_covers_bundles boolean not null default false;
alter table billing.account add constraint account_trial check (trial_until is null or tenant_id is not null);

alter table billing.mail drop constraint mail_kind_check;
alter table billing.mail add constraint mail_kind_check
  check (kind in ('invoice', 'receipt', 'paymentFailed', 'reminder', 'statement', 'lowBalance', 'trialEnding'));
