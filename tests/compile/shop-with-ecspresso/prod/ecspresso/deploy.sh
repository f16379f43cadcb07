#!/bin/sh
# Deploys stage prod of living with CloudFormation and ecspresso: written by berth, not to be edited.
# usage: deploy.sh [option of `aws cloudformation deploy`, such as --s3-bucket NAME]
set -eu
cd "$(dirname "$0")/.."

aws cloudformation deploy --no-fail-on-empty-changeset --capabilities CAPABILITY_NAMED_IAM --region 'ap-northeast-1' --stack-name 'living-prod' --template-file cloudformation/template.json "$@"
ecspresso --config 'ecspresso/living-web/ecspresso.yml' deploy
ecspresso --config 'ecspresso/living-worker/ecspresso.yml' deploy
ecspresso --config 'ecspresso/living-bastion/ecspresso.yml' deploy
aws cloudformation deploy --no-fail-on-empty-changeset --capabilities CAPABILITY_NAMED_IAM --region 'ap-northeast-1' --stack-name 'living-prod-after-services' --template-file cloudformation/after-services.json "$@"
