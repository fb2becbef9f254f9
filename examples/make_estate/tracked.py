"""Management actions that the last use of is told for, by service, as far as Larkfield's developers hold them.

Actions on data, such as reading an item or sending a message, are not among them: of those nobody can say from this
export whether they were used.
"""

TRACKED = {
    "cloudwatch": ("Amazon CloudWatch", """
        DeleteAlarms DeleteAnomalyDetector DeleteDashboards DeleteInsightRules DeleteMetricStream DescribeAlarmHistory
        DescribeAlarms DescribeAlarmsForMetric DescribeAnomalyDetectors DescribeInsightRules DisableAlarmActions
        DisableInsightRules EnableAlarmActions EnableInsightRules GetDashboard GetMetricStream ListDashboards
        ListMetricStreams PutAnomalyDetector PutCompositeAlarm PutDashboard PutInsightRule PutMetricAlarm
        PutMetricStream SetAlarmState StartMetricStreams StopMetricStreams
    """),
    "dynamodb": ("Amazon DynamoDB", """
        CreateBackup CreateGlobalTable CreateTable DeleteBackup DeleteTable DescribeBackup DescribeContinuousBackups
        DescribeContributorInsights DescribeEndpoints DescribeExport DescribeGlobalTable DescribeGlobalTableSettings
        DescribeImport DescribeKinesisStreamingDestination DescribeLimits DescribeTable DescribeTimeToLive
        DisableKinesisStreamingDestination EnableKinesisStreamingDestination ExportTableToPointInTime ImportTable
        ListBackups ListContributorInsights ListExports ListGlobalTables ListImports ListStreams ListTables
        RestoreTableFromBackup RestoreTableToPointInTime UpdateContinuousBackups UpdateContributorInsights
        UpdateGlobalTable UpdateGlobalTableSettings UpdateTable UpdateTimeToLive
    """),
    "lambda": ("AWS Lambda", """
        AddLayerVersionPermission CreateAlias CreateCodeSigningConfig CreateEventSourceMapping CreateFunction
        CreateFunctionUrlConfig DeleteAlias DeleteCodeSigningConfig DeleteEventSourceMapping DeleteFunction
        DeleteFunctionCodeSigningConfig DeleteFunctionConcurrency DeleteFunctionEventInvokeConfig
        DeleteFunctionUrlConfig DeleteLayerVersion DeleteProvisionedConcurrencyConfig GetAccountSettings GetAlias
        GetCodeSigningConfig GetEventSourceMapping GetFunction GetFunctionCodeSigningConfig GetFunctionConcurrency
        GetFunctionConfiguration GetFunctionEventInvokeConfig GetFunctionUrlConfig GetLayerVersion
        GetLayerVersionPolicy GetPolicy GetProvisionedConcurrencyConfig ListAliases ListCodeSigningConfigs
        ListEventSourceMappings ListFunctionEventInvokeConfigs ListFunctionUrlConfigs ListFunctions
        ListFunctionsByCodeSigningConfig ListLayerVersions ListLayers ListProvisionedConcurrencyConfigs
        ListVersionsByFunction PublishLayerVersion PublishVersion PutFunctionCodeSigningConfig PutFunctionConcurrency
        PutFunctionEventInvokeConfig PutProvisionedConcurrencyConfig RemoveLayerVersionPermission RemovePermission
        UpdateAlias UpdateCodeSigningConfig UpdateEventSourceMapping UpdateFunctionCode UpdateFunctionConfiguration
        UpdateFunctionEventInvokeConfig UpdateFunctionUrlConfig
    """),
    "logs": ("Amazon CloudWatch Logs", """
        CancelExportTask CreateExportTask CreateLogGroup CreateLogStream DeleteDestination DeleteLogGroup
        DeleteLogStream DeleteMetricFilter DeleteQueryDefinition DeleteResourcePolicy DeleteRetentionPolicy
        DeleteSubscriptionFilter DescribeDestinations DescribeExportTasks DescribeLogGroups DescribeLogStreams
        DescribeMetricFilters DescribeQueries DescribeQueryDefinitions DescribeResourcePolicies
        DescribeSubscriptionFilters PutDestination PutDestinationPolicy PutMetricFilter PutQueryDefinition
        PutResourcePolicy PutRetentionPolicy PutSubscriptionFilter TestMetricFilter
    """),
    "s3": ("Amazon S3", """
        CreateAccessPoint CreateBucket CreateJob DeleteAccessPoint DeleteAccessPointPolicy DeleteBucket
        DeleteBucketPolicy DeleteBucketWebsite DeleteStorageLensConfiguration DescribeJob
        GetAccelerateConfiguration GetAccessPoint GetAccessPointPolicy GetAccountPublicAccessBlock
        GetAnalyticsConfiguration GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging GetBucketNotification
        GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus
        GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite
        GetEncryptionConfiguration GetInventoryConfiguration GetLifecycleConfiguration GetMetricsConfiguration
        GetReplicationConfiguration ListAccessPoints ListAllMyBuckets ListJobs PutAccelerateConfiguration
        PutAccessPointPolicy PutAccountPublicAccessBlock PutAnalyticsConfiguration PutBucketCORS PutBucketLogging
        PutBucketNotification PutBucketObjectLockConfiguration PutBucketOwnershipControls PutBucketPublicAccessBlock
        PutBucketRequestPayment PutBucketTagging PutBucketVersioning PutBucketWebsite PutEncryptionConfiguration
        PutInventoryConfiguration PutLifecycleConfiguration PutMetricsConfiguration PutReplicationConfiguration
        UpdateJobPriority UpdateJobStatus
    """),
    "sns": ("Amazon SNS", """
        AddPermission ConfirmSubscription CreatePlatformApplication CreatePlatformEndpoint CreateTopic DeleteEndpoint
        DeletePlatformApplication DeleteTopic GetEndpointAttributes GetPlatformApplicationAttributes GetSMSAttributes
        GetSubscriptionAttributes GetTopicAttributes ListEndpointsByPlatformApplication ListPhoneNumbersOptedOut
        ListPlatformApplications ListSubscriptions ListSubscriptionsByTopic ListTopics RemovePermission
        SetEndpointAttributes SetPlatformApplicationAttributes SetSMSAttributes SetSubscriptionAttributes
        SetTopicAttributes Subscribe Unsubscribe
    """),
    "sqs": ("Amazon SQS", """
        AddPermission CancelMessageMoveTask CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl
        ListDeadLetterSourceQueues ListMessageMoveTasks ListQueues PurgeQueue RemovePermission SetQueueAttributes
        StartMessageMoveTask
    """),
    "states": ("AWS Step Functions", """
        CreateActivity CreateStateMachine DeleteActivity DeleteStateMachine DescribeActivity DescribeExecution
        DescribeStateMachine DescribeStateMachineForExecution GetExecutionHistory ListActivities ListExecutions
        ListStateMachines StartExecution StopExecution UpdateStateMachine
    """),
}
